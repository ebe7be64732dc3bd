"""How values are written to the Redis cache."""

import json
from typing import Any


class JSONSerializer:
    """JSON in place of Django's pickle: whoever can write to Redis must not be able to run code here.

    As with Django's own serializer, integers stay bare so that Redis can INCR them. What JSON cannot hold
    raises TypeError when it is stored, not when it is read.
    """

    def dumps(self, value: Any) -> bytes | int:
        if type(value) is int:  # not bool, which is a subclass
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, stored: bytes) -> Any:
        try:
            return int(stored)
        except ValueError:
            return json.loads(stored)
