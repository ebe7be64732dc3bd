"""Calling the webhooks: what is owed is sent in the Standard Webhooks form until it is accepted or given up.

A worker takes a few rows under a lease, one a webhook, so that an address that is slow or dead holds up itself alone;
calls them side by side; and writes down what came of each. A worker that dies leaves a lease that runs out: the event
goes again with the same webhook-id. Nobody is promised "exactly once" across a network; the id tells a double.
"""

import json
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from standardwebhooks import Webhook as Signer

from accounts import reaching, webhooks
from accounts.models import DeliveryState, Webhook, WebhookDelivery
from notifications import clock
from notifications.message import one_line

logger = logging.getLogger(__name__)

BATCH = 16
LEASE = timedelta(minutes=3)
GONE = 410
# As Standard Webhooks suggests: about three days in all.
WAITS = [
    timedelta(seconds=5),
    *(timedelta(minutes=m) for m in (5, 30)),
    *(timedelta(hours=h) for h in (2, 5, 10, 14, 20, 24)),
]
# The rows are chosen first: see CLAIM in notifications/delivery.py.
CLAIM = """
WITH next AS MATERIALIZED (
    SELECT id FROM accounts_webhookdelivery
    WHERE id IN (
        SELECT DISTINCT ON (webhook_id) id FROM accounts_webhookdelivery
        WHERE (state = 'pending' AND due_at <= %(now)s) OR (state = 'sending' AND claimed_until < clock_timestamp())
        ORDER BY webhook_id, due_at, id
    ) AND ((state = 'pending' AND due_at <= %(now)s) OR (state = 'sending' AND claimed_until < clock_timestamp()))
    ORDER BY due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE accounts_webhookdelivery
SET state = 'sending', claimed_until = clock_timestamp() + %(lease)s, attempts = attempts + 1, tried_at = %(now)s
WHERE id IN (SELECT id FROM next)
RETURNING id
"""


def call_due(*, now: datetime | None = None, seconds: float = 50) -> int:
    """Call what is due until nothing is or `seconds` have passed; returns how many were accepted."""
    until, accepted = time.monotonic() + seconds, 0
    with ThreadPoolExecutor(max_workers=BATCH) as callers:
        while time.monotonic() < until and (batch := _claim(now or clock.now())):
            answers = callers.map(_call, batch, [now or clock.now()] * len(batch))
            for delivery, answer in zip(batch, answers, strict=True):
                accepted += _note(delivery, answer, now or clock.now())
    return accepted


def _claim(now: datetime) -> list[WebhookDelivery]:
    with connection.cursor() as cursor:
        fields: dict[str, Any] = {"lease": LEASE, "now": now, "limit": BATCH}
        cursor.execute(CLAIM, fields)
        ids = [row[0] for row in cursor.fetchall()]
    return list(WebhookDelivery.objects.filter(pk__in=ids).select_related("webhook").order_by("due_at", "pk"))


def _call(delivery: WebhookDelivery, now: datetime) -> reaching.Answer | str:
    """What the program said, or why it was not reached. Runs beside others: nothing here may ask the database."""
    body = body_of(delivery)
    try:
        return reaching.post(delivery.webhook.url, body=body.encode(), headers=headers_of(delivery, body, now))
    except reaching.CannotReach as error:
        return str(error)
    except Exception as error:
        logger.exception("webhook delivery %s could not be sent", delivery.pk)
        return f"It could not be sent: {type(error).__name__}"


def body_of(delivery: WebhookDelivery) -> str:
    """The same to the byte each time it is sent."""
    happened = delivery.happened_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": delivery.event, "timestamp": happened, "data": delivery.data}, separators=(",", ":"))


def headers_of(delivery: WebhookDelivery, body: str, now: datetime) -> dict[str, str]:
    reference = f"msg_{delivery.reference.hex}"
    moment = now.astimezone(UTC)
    signatures = [Signer(key).sign(reference, moment, body) for key in webhooks.secrets_of(delivery.webhook, now)]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Soundings",
        "webhook-id": reference,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _note(delivery: WebhookDelivery, answer: reaching.Answer | str, now: datetime) -> bool:
    """Write down what came of it; True: it was accepted. A row that another worker has taken over is left to it."""
    mine = WebhookDelivery.objects.filter(
        pk=delivery.pk, state=DeliveryState.SENDING, claimed_until=delivery.claimed_until
    )
    if isinstance(answer, reaching.Answer) and 200 <= answer.status < 300:
        return bool(mine.update(state=DeliveryState.SENT, claimed_until=None, said=f"Accepted ({answer.status})"))
    said = answer if isinstance(answer, str) else f"It said {answer.status}"
    said = one_line(said)[:300]
    if isinstance(answer, reaching.Answer) and answer.status == GONE:
        Webhook.objects.filter(pk=delivery.webhook_id, stopped_at__isnull=True).update(
            stopped_at=now, stopped_because="The address said that it is gone (410)."
        )
    if (isinstance(answer, reaching.Answer) and answer.status == GONE) or delivery.attempts > len(WAITS):
        mine.update(state=DeliveryState.FAILED, claimed_until=None, said=said)
        return False
    wait = WAITS[delivery.attempts - 1] * random.uniform(1, 1.2)  # noqa: S311 (not a secret)
    mine.update(state=DeliveryState.PENDING, claimed_until=None, due_at=now + wait, said=said)
    return False
