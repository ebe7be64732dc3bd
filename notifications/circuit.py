"""What all workers on all hosts know of the mail server: whether it is worth calling, and how fast it may be called.

Circuit breaker: each failure to reach the server closes it to everybody for a while, 5 seconds at first and a minute at
most. When that has passed, one sweep tries it (and takes the turn by an UPDATE that only one can win); the first
message that it answers, in whatever way, opens it to all.

Rate: with settings.MAIL_PER_SECOND each message takes the next free slot from the one row, whoever sends it.

Both live in PostgreSQL: neither a restart of a worker nor an emptied Redis forgets them.
"""

import time
from datetime import timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import connection

from notifications.models import Circuit

NAME = "mail"
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=1)

# The turn to try is taken for as long as one connection may take to fail; then another sweep may try.
TAKE_TURN = """
UPDATE notifications_circuit SET open_until = clock_timestamp() + %(turn)s
WHERE name = %(name)s AND failures > 0 AND open_until <= clock_timestamp()
"""
FAILED = """
INSERT INTO notifications_circuit AS c (name, failures, open_until, reason)
VALUES (%(name)s, 1, clock_timestamp() + %(first)s, %(reason)s)
ON CONFLICT (name) DO UPDATE SET
    failures = c.failures + 1,
    open_until = clock_timestamp() + LEAST(%(first)s * power(2, LEAST(c.failures, 10)), %(longest)s),
    reason = EXCLUDED.reason
"""
SLOT = """
INSERT INTO notifications_circuit AS c (name, failures, reason, next_slot_at)
VALUES (%(name)s, 0, '', clock_timestamp() + %(gap)s)
ON CONFLICT (name) DO UPDATE SET next_slot_at = GREATEST(c.next_slot_at, clock_timestamp()) + %(gap)s
RETURNING EXTRACT(epoch FROM next_slot_at - %(gap)s - clock_timestamp())
"""


class Turn(Enum):
    """What a sweep may do."""

    GO = "go"
    TRY = "try"  # the server was away; this sweep finds out whether it is back
    WAIT = "wait"  # it is away, or another sweep is finding out


def turn() -> Turn:
    """Whether this sweep may call the server now. One statement while the server is well."""
    if not Circuit.objects.filter(name=NAME, failures__gt=0).exists():
        return Turn.GO
    length: Any = timedelta(seconds=settings.EMAIL_TIMEOUT or 20)
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, {"name": NAME, "turn": length})
        return Turn.TRY if cursor.rowcount else Turn.WAIT


def failed(reason: str) -> None:
    """The server could not be used; nobody calls it for a while."""
    fields: dict[str, Any] = {"name": NAME, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE, "reason": reason[:500]}
    with connection.cursor() as cursor:
        cursor.execute(FAILED, fields)


def answered() -> None:
    """The server answered, so all may call it."""
    Circuit.objects.filter(name=NAME, failures__gt=0).update(failures=0, open_until=None, reason="")


def batch(size: int) -> int:
    """How many messages to claim at once: at a limited rate, no more than go out well within the lease."""
    if not settings.MAIL_PER_SECOND:
        return size
    return min(size, max(1, int(settings.MAIL_PER_SECOND * settings.POST_LEASE_SECONDS / 4)))


def wait_for_slot() -> None:
    """Take the next free slot and sleep until it comes. Does nothing where no rate is set."""
    if not settings.MAIL_PER_SECOND:
        return
    gap: Any = timedelta(seconds=1 / settings.MAIL_PER_SECOND)
    with connection.cursor() as cursor:
        cursor.execute(SLOT, {"name": NAME, "gap": gap})
        (seconds,) = cursor.fetchone()
    time.sleep(max(0.0, float(seconds)))
