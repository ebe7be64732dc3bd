"""How often one caller may do something: counted in the cache, in one whole number for each caller and window.

A cache out of reach lets calls through and says so in the log: counting guards the service, it is not what keeps
anybody out.
"""

import logging
import time
from ipaddress import IPv6Address, ip_address

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request

from accounts.record import client_ip

logger = logging.getLogger(__name__)


def is_within(*, what: str, who: str, most: int, seconds: int) -> bool:
    """Counts this call; False once there are more than `most` of it in the running window of `seconds`."""
    window = int(time.time() // seconds)
    try:
        made = cache.count(f"{what}:{who}:{window}", seconds=seconds + 5)  # type: ignore[attr-defined]  # config/cache.py
        return bool(made <= most)
    except RedisError:
        logger.exception("calls are not counted")
        return True


def caller(request: Request | HttpRequest) -> str:
    """The client's address, believing our own proxies alone. Of IPv6, the network: one line has 2^64 addresses."""
    address = client_ip(request)
    if address is None:
        return "unknown"
    parsed = ip_address(address)
    return f"{int(parsed) >> 64:x}" if isinstance(parsed, IPv6Address) else address
