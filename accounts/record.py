"""The record of acts: append-only, and hash-chained so that a removed or altered act can be shown.

An act is written in the transaction of what it tells of. `seal` runs with each sweep and chains what is new; `verify`
recomputes the chain. The database itself refuses UPDATE and DELETE on both tables (migration 0100).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from accounts.models import Act, Seal, User
from notifications.compiled import insert

SEAL_LOCK = 7_236_401  # one sealer at a time, on any number of hosts


@dataclass(frozen=True, kw_only=True)
class By:
    """Who acts, through which door (page, api, admin, task, command) and from which address."""

    user: User | None
    door: str
    ip: str | None = None

    @property
    def label(self) -> str:
        return str(self.user.email) if self.user else "Soundings"


def by_request(request: HttpRequest, door: str) -> By:
    """The signed-in person at the other end of a request."""
    user = request.user
    return By(user=user if user.is_authenticated else None, door=door, ip=client_ip(request))


def client_ip(request: HttpRequest) -> str | None:
    """The client's address, believing only as many X-Forwarded-For entries as we have proxies of our own."""
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    proxies: int = settings.NUM_PROXIES
    candidate = forwarded[-proxies] if proxies and len(forwarded) >= proxies else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(candidate))
    except ValueError:
        return None


def write(
    *,
    by: By,
    verb: str,
    subject: str,
    at: datetime,
    consultation_code: str = "",
    organisation_code: str = "",
    **detail: Any,
) -> Act:
    """Add one act. `detail` is facts that JSON can hold, never the text of an answer and never a secret."""
    act = Act(
        at=at,
        verb=verb,
        actor_id=by.user.pk if by.user else None,
        actor=by.label,
        door=by.door,
        ip=by.ip,
        subject=subject,
        consultation_code=consultation_code,
        organisation_code=organisation_code,
        detail=detail,
    )
    insert(act)
    return act


def digest(previous: str, act: Act) -> str:
    """SHA-256 over the previous digest and the act's fields in canonical JSON."""
    fields = [
        act.pk,
        act.at.astimezone(UTC).isoformat(),  # whatever zone the connection speaks
        act.verb,
        act.actor_id,
        act.actor,
        act.door,
        act.ip,
        act.subject,
        act.consultation_code,
        act.organisation_code,
        act.detail,
    ]
    text = json.dumps([previous, fields], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def seal(limit: int = 5_000) -> int:
    """Chain up to `limit` acts that have no seal yet; returns how many. A second sealer finds the lock taken: 0."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    last = Seal.objects.order_by("-number").first()
    number, previous = (last.number, last.digest) if last else (0, "")
    seals = []
    for act in Act.objects.filter(seal__isnull=True).order_by("pk")[:limit]:
        number, previous = number + 1, digest(previous, act)
        seals.append(Seal(number=number, act=act, digest=previous))
    Seal.objects.bulk_create(seals)
    return len(seals)


def verify() -> str:
    """Recompute the whole chain; "" when it holds, otherwise a sentence that names the first thing wrong."""
    number, previous = 0, ""
    for row in Seal.objects.select_related("act").order_by("number").iterator(chunk_size=2_000):
        if row.number != number + 1:
            return f"Seal {number + 1} is missing."
        number, previous = row.number, digest(previous, row.act)
        if row.digest != previous:
            return f"Act {row.act_id} ({row.act.verb}) does not fit its seal, number {number}."
    return ""
