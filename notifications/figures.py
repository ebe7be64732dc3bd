"""The state of the post in figures: what is due, what is late, what went, failed and was in doubt."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

LATE = timedelta(minutes=5)  # the oldest due message older than this: something is wrong

# Each line uses an index of its own; none counts what was sent long ago.
COUNT = """
SELECT
    (SELECT count(*) FROM notifications_notification WHERE state = 'pending' AND due_at <= %(now)s) AS due,
    (SELECT count(*) FROM notifications_notification WHERE state = 'claimed') AS claimed,
    (SELECT count(*) FROM notifications_notification WHERE state = 'sending') AS sending,
    (SELECT count(*) FROM notifications_notification WHERE state = 'failed') AS failed,
    LEAST((SELECT min(due_at) FROM notifications_notification
           WHERE state = 'pending' AND due_at <= %(now)s AND attempts = 0),
          (SELECT min(due_at) FROM notifications_notification
           WHERE state IN ('claimed', 'sending') AND due_at <= %(now)s AND attempts = 0)) AS oldest,
    (SELECT count(*) FROM notifications_notification WHERE doubted_at > %(since)s) AS doubted_last_minute,
    (SELECT count(*) FROM notifications_suppression WHERE lifted_at IS NULL) AS suppressed,
    (SELECT failures FROM notifications_circuit WHERE name = 'mail') AS server_failures,
    finished.*
FROM (SELECT count(*) FILTER (WHERE state = 'sent') AS sent_last_minute,
             count(*) FILTER (WHERE state = 'failed') AS failed_last_minute,
             count(*) FILTER (WHERE state = 'skipped') AS skipped_last_minute
      FROM notifications_notification WHERE finished_at > %(since)s AND finished_at <= %(now)s) AS finished
"""


def take(now: datetime) -> dict[str, int | float]:
    """The figures, by name; `oldest_due_seconds` is 0 when nothing waits.

    A message that the mail server put off is not counted into it: its next attempt is due at a time of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"now": now, "since": now - timedelta(minutes=1)})
        names = [column[0] for column in cursor.description or ()]
        found: dict[str, Any] = dict(zip(names, cursor.fetchone(), strict=True))
    oldest = found.pop("oldest")
    found["server_failures"] = found["server_failures"] or 0
    return {**found, "oldest_due_seconds": max(0.0, (now - oldest).total_seconds()) if oldest else 0.0}


def is_late(now: datetime) -> bool:
    """Something has been due for more than five minutes and has not gone, or not been found unneeded."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM notifications_notification"
            "               WHERE state = 'pending' AND due_at <= %(late)s AND attempts = 0)"
            " OR EXISTS (SELECT FROM notifications_notification"
            "            WHERE state IN ('claimed', 'sending') AND due_at <= %(late)s AND attempts = 0)",
            {"late": now - LATE},
        )
        (late,) = cursor.fetchone()
    return bool(late)
