"""The same request twice is one: an Idempotency-Key, the answer that was given to it, and no second act.

The key is held by a transaction lock while its request runs, and its row is written in the same transaction as what the
request did. So there is no state that a killed process could leave behind: either both are there or neither.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from accounts.models import User
from notifications import clock, compiled
from notifications.compiled import Kept, given, insert
from notifications.refusal import Conflict, Refusal
from responses.models import IdempotentRequest

_KNOWN = Kept(lambda: IdempotentRequest.objects.filter(user=given("user"), key=given("key")))
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What was answered: an HTTP status and a JSON body. `replayed`: it was answered before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


class InProgress(Conflict):
    """Nothing is wrong: the same request, sent again in a moment, gets the first one's answer."""

    code = "in_progress"
    headers = {"Retry-After": "1"}  # config/errors.py sends it


class KeyReused(Refusal):
    status = 422
    code = "idempotency_key_reused"


def fingerprint(method: str, path: str, body: Any) -> str:
    """What makes two requests the same: method, path and the parsed body."""
    text = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def once(*, user: User, key: str, fingerprint: str, act: Callable[[], Reply]) -> Reply:
    """Run `act` once for (user, key). A refusal is not kept: the request may be put right and sent again.

    Raises KeyReused (422) for the same key with another request, InProgress (409) while the first one still runs.
    """
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise Refusal("An Idempotency-Key is 1 to 200 visible ASCII characters.", field="Idempotency-Key")
    with transaction.atomic():
        if not _lock(f"{user.pk}:{key}"):
            raise InProgress("The first request with this Idempotency-Key is still in progress.")
        known = _KNOWN.first(user=user.pk, key=key)
        if known is None:
            reply = act()
            asked = {"user": user, "key": key, "fingerprint": fingerprint}
            insert(IdempotentRequest(**asked, status=reply.status, body=reply.body))
            return reply
    if known.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key was used for another request.", field="Idempotency-Key")
    return Reply(status=known.status, body=known.body, replayed=True)


def forget_old() -> int:
    """Delete keys older than KEPT_FOR; returns how many."""
    deleted, _ = IdempotentRequest.objects.filter(created_at__lt=clock.now() - KEPT_FOR).delete()
    return deleted


def _lock(name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with compiled.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])
