"""Two questions a load balancer asks: is this process alive, and can it serve? And an alarm's: is the post on time?

They are open to all, so they name what failed and never why: the reason goes to the log.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from redis import Redis

from config import upgrading
from notifications import clock, figures

logger = logging.getLogger(__name__)
_migrated = False  # once applied they stay applied for as long as this process runs this code


@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """200 when everything a page needs is there, else 503 with each check's result."""
    checks = {name: _passes(name, check) for name, check in CHECKS.items()}
    healthy = all(checks.values())
    body = {
        "status": "ok" if healthy else "failed",
        "checks": {n: "ok" if ok else "failed" for n, ok in checks.items()},
    }
    return JsonResponse(body, status=200 if healthy else 503)


@never_cache
def post(_request: HttpRequest) -> JsonResponse:
    """503 while any message has been due for more than five minutes: for an alarm, not for a load balancer.

    Late post is no reason to take the pages away, so this is no part of `ready`.
    """
    on_time = _passes("post", _post_is_on_time)
    return JsonResponse({"status": "ok" if on_time else "late"}, status=200 if on_time else 503)


def _post_is_on_time() -> None:
    if figures.is_late(clock.now()):
        raise RuntimeError("a message has been due for more than five minutes")


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception:  # whatever it is, the answer is "not ready"
        logger.exception("health check failed", extra={"check": name})
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as redis:
        redis.ping()  # not through the cache, which forgives


def _migrations() -> None:
    global _migrated
    if _migrated:
        return
    upgrading.refuse_half_migrated(connection)
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise RuntimeError(f"{len(missing)} migrations are not applied: run manage.py migrate")
    _migrated = True


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "redis": _redis, "migrations": _migrations}
