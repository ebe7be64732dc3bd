"""The cache: JSON in Redis, and no page's life depends on it."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
T = TypeVar("T")


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


class OneClient(RedisCacheClient):
    """One client of each server for the whole process, whatever the thread: redis-py's own are made for that.

    Django makes a client anew for each call, which takes longer than the call.
    """

    _clients: ClassVar[dict[str, Redis]] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Redis:
        django: Any = self
        server = django._servers[django._get_connection_pool_index(write)]
        if server not in self._clients:
            self._clients[server] = super().get_client(key, write=write)
        return self._clients[server]


class ForgivingRedisCache(RedisCache):
    """With Redis out of reach, reads find nothing and writes are dropped: sessions go on from the database.

    `add`, `incr` and `count` still raise RedisError, because who counts or locks has to know. After a failure Redis is
    left alone for a few seconds, so that a Redis that hangs slows one request and not each of them.
    """

    AWAY_SECONDS = 5
    _away_until: ClassVar[float] = 0

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = OneClient

    def count(self, key: str, *, seconds: int) -> int:
        """One more under the key, which is forgotten `seconds` after the first; how many that makes."""
        client, name = self._cache.get_client(write=True), self.make_and_validate_key(key)
        made = int(client.incr(name))
        if made == 1:
            client.expire(name, seconds)
        return made

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._forgive(default, lambda: super(ForgivingRedisCache, self).get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._forgive(None, lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._forgive(False, lambda: super(ForgivingRedisCache, self).delete(key, version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._forgive(False, lambda: super(ForgivingRedisCache, self).touch(key, timeout, version))

    def _forgive(self, otherwise: T, attempt: Callable[[], T]) -> T:
        if time.monotonic() < ForgivingRedisCache._away_until:
            return otherwise
        try:
            return attempt()
        except RedisError:
            ForgivingRedisCache._away_until = time.monotonic() + self.AWAY_SECONDS
            logger.exception("Redis is out of reach: going on without the cache")
            return otherwise
