"""What dead workers left behind: claims that lapse, and messages of which nobody knows whether they went out."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from notifications import clock, provider
from notifications.models import Notification, State

logger = logging.getLogger(__name__)

BATCH = 50
GIVE_UP_ASKING_AFTER = 12  # times the doubt period

LAPSED = """
UPDATE notifications_notification
SET state = 'pending', claimed_by = '', claimed_until = NULL
WHERE id IN (
    SELECT id FROM notifications_notification
    WHERE state = 'claimed' AND claimed_until < clock_timestamp()
    FOR UPDATE SKIP LOCKED
)
"""
# The rows are chosen first: see CLAIM in delivery.py.
TAKE_DOUBTFUL = """
WITH next AS MATERIALIZED (
    SELECT id FROM notifications_notification
    WHERE state = 'sending' AND claimed_until < clock_timestamp()
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notifications_notification
SET claimed_by = %(run)s, claimed_until = clock_timestamp() + %(doubt)s,
    doubted_at = COALESCE(doubted_at, clock_timestamp())
WHERE id IN (SELECT id FROM next)
RETURNING id, sending_at + %(give_up)s < clock_timestamp()
"""


def return_lapsed_claims() -> int:
    """Messages that a worker picked up and did not come to go back into the queue; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(LAPSED)
        return int(cursor.rowcount)


def settle(*, now: datetime) -> int:
    """Ask the provider about each message left `sending`; returns how many were settled.

    It has it: sent. It does not: back into the queue. It cannot be asked: the message goes again with the same
    Message-ID, by which mail programs know a double, and the row says so.
    """
    run = f"doubt/{uuid.uuid4().hex[:12]}"
    settled = 0
    for row_id, asked_long_enough in _take(run):
        row = Notification.objects.get(pk=row_id)
        try:
            accepted = provider.was_accepted(row.message_id)
        except provider.CannotAsk as error:
            logger.warning("message %s stays in doubt: %s", row.pk, error)
            if not asked_long_enough:
                continue
            accepted = None
        settled += Notification.objects.filter(pk=row.pk, state=State.SENDING, claimed_by=run).update(
            **_as_found(row, accepted, now)
        )
    return settled


def note(row: Notification) -> None:
    """The line broke after the message was handed over: say so on its row, whatever comes of it."""
    Notification.objects.filter(pk=row.pk).update(doubted_at=clock.now())


def _take(run: str) -> list[tuple[int, bool]]:
    doubt = timedelta(seconds=settings.SENDING_DOUBT_SECONDS)
    fields: dict[str, Any] = {"run": run, "doubt": doubt, "give_up": doubt * GIVE_UP_ASKING_AFTER, "limit": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(TAKE_DOUBTFUL, fields)
        return [(int(row_id), bool(enough)) for row_id, enough in cursor.fetchall()]


def _as_found(row: Notification, accepted: bool | None, now: datetime) -> dict[str, object]:
    found: dict[str, object] = {"claimed_by": "", "claimed_until": None}
    if accepted:
        payload = {"secret": True} if "secret" in row.payload else row.payload
        return {**found, "state": State.SENT, "sent_at": now, "finished_at": now, "reason": "", "payload": payload}
    return {**found, "state": State.PENDING, "sent_again": row.sent_again or accepted is None}
