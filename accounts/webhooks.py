"""Telling programs: an organisation's webhooks, and the events that they are owed.

What is owed is a row, written in the transaction of the event and once for each webhook and event. Calling is another
step (calling.py). What is sent names things and says where to read them; it never holds the text of an answer.
"""

import base64
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import reaching
from accounts.joining import a_person, lock, write
from accounts.models import DeliveryState, Organisation, OrganisationKind, Webhook, WebhookDelivery, WebhookEvent
from accounts.permissions import can_manage
from accounts.record import By
from notifications import clock, compiled
from notifications.refusal import Conflict, NotAllowed, Refusal

MOST = 10  # of one organisation
OVERLAP = timedelta(hours=24)  # in which a program is given its new secret
OWE = """
INSERT INTO accounts_webhookdelivery (
    webhook_id, reference, key, event, happened_at, data, state, due_at, attempts, said
)
SELECT id, gen_random_uuid(), %(key)s, %(event)s::text, %(now)s, %(data)s::jsonb, 'pending', %(now)s, 0, ''
FROM accounts_webhook
WHERE stopped_at IS NULL AND %(event)s::text = ANY (events)
  AND (%(organisation)s::bigint IS NULL OR organisation_id = %(organisation)s)
ON CONFLICT DO NOTHING
"""


# --- An organisation's webhooks ---------------------------------------------------------------------------------------
def create(
    *, by: By, organisation: Organisation, url: str, events: Iterable[str], now: datetime | None = None
) -> tuple[Webhook, str]:
    """A webhook and its signing secret, shown now or never. Raises Refusal at `url` or `events`."""
    try:
        reaching.checked(url)  # before any lock: it asks the network
    except reaching.CannotReach as error:
        raise Refusal(str(error), field="url") from error
    wanted = [event for event in WebhookEvent.values if event in set(events)]
    if not wanted:
        raise Refusal("Choose at least one event.", field="events")
    now = now or clock.now()
    with transaction.atomic():
        locked = lock(by, organisation)
        if locked.kind == OrganisationKind.INDIVIDUAL:
            raise Conflict("Webhooks are for organisations.")
        if locked.webhooks.count() >= MOST:
            raise Conflict(f"There are {MOST} webhooks already. Remove one that is no longer used.")
        made = Webhook.objects.create(
            organisation=locked, url=url, events=wanted, created_by=a_person(by), created_at=now
        )
        write(by, "created webhook", locked, now, webhook=made.code, url=url, events=wanted)
    return made, secret_of(made)


@transaction.atomic
def remove(*, by: By, webhook: Webhook, now: datetime | None = None) -> None:
    """It is told nothing more, and its log goes with it; what was done stays in the record."""
    organisation = lock(by, webhook.organisation)
    Webhook.objects.filter(pk=webhook.pk).delete()
    write(by, "removed webhook", organisation, now or clock.now(), webhook=webhook.code, url=webhook.url)


@transaction.atomic
def replay(*, by: By, delivery: WebhookDelivery, now: datetime | None = None) -> None:
    """Send it again, under the same webhook-id: a program that has it already will know."""
    now = now or clock.now()
    webhook = delivery.webhook
    if not can_manage(a_person(by), webhook.organisation):
        raise NotAllowed("Only an administrator of the organisation can do this.")
    if webhook.stopped_at:
        raise Conflict("This webhook was stopped. Remove it and create another.")
    finished = WebhookDelivery.objects.filter(pk=delivery.pk, state__in=[DeliveryState.SENT, DeliveryState.FAILED])
    if not finished.update(state=DeliveryState.PENDING, attempts=0, due_at=now, claimed_until=None):
        raise Conflict("It is still waiting to be sent.")
    write(
        by,
        "replayed webhook delivery",
        webhook.organisation,
        now,
        webhook=webhook.code,
        delivery=str(delivery.reference),
    )


@transaction.atomic
def renew(*, by: By, webhook: Webhook, now: datetime | None = None) -> str:
    """A new signing secret, shown now or never. For OVERLAP the old one signs as well; the one before it no longer."""
    now = now or clock.now()
    organisation = lock(by, webhook.organisation)
    row = Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
    if row is None or row.stopped_at:
        raise Conflict("This webhook was stopped or removed. Create another.")
    row.old_nonce, row.old_until, row.nonce = row.nonce, now + OVERLAP, uuid4()
    row.save(update_fields=["old_nonce", "old_until", "nonce"])
    write(by, "renewed webhook secret", organisation, now, webhook=row.code)
    return secret_of(row)


def secret_of(webhook: Webhook) -> str:
    return _secret(webhook.nonce)


def secrets_of(webhook: Webhook, now: datetime) -> list[str]:
    """Those that sign now: the present one, and for a while the one before it."""
    old = webhook.old_nonce if webhook.old_until and now < webhook.old_until else None
    return [_secret(nonce) for nonce in (webhook.nonce, old) if nonce]


def _secret(nonce: UUID) -> str:
    """In the form of Standard Webhooks: whsec_ and 32 bytes in base64."""
    key = salted_hmac("accounts.webhooks", nonce.bytes, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(key).decode()}"


# --- What they are owed -----------------------------------------------------------------------------------------------
def owe(
    *, event: WebhookEvent, key: str, data: dict[str, Any], now: datetime, organisation: Organisation | None = None
) -> int:
    """Owe the event to every webhook that asked for it, or to those of `organisation`; returns how many.

    In the caller's transaction and in one statement; the same `key` again adds nothing.
    """
    fields: dict[str, Any] = {
        "event": event.value,
        "key": key,
        "now": now,
        "organisation": organisation and organisation.pk,
        "data": json.dumps(data, cls=DjangoJSONEncoder),
    }
    with compiled.cursor() as cursor:
        cursor.execute(OWE, fields)
        return int(cursor.rowcount)
