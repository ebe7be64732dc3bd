"""The front door of the post room: how a message comes to be owed, and how staff put one back.

A message is a row written in the caller's transaction, so it exists exactly if the event it tells of does. Sending is
another step (notifications/delivery.py), woken when the transaction commits and swept several times a minute besides.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import validate_email
from django.db import connection, transaction

from notifications import changes, clock, compiled
from notifications.delivery import Counts, deliver
from notifications.models import Notification, Priority, State
from notifications.refusal import Conflict, Refusal
from notifications.waking import wake

__all__ = ["Counts", "Post", "deliver", "keep_selected", "queue", "queue_many", "queue_selected", "resend", "wake"]

BATCH = 1_000

INSERT = """
{taking} INSERT INTO notifications_notification (
    kind, key, address, payload, priority, due_at, created_at,
    state, finished_at, reason, claimed_by, attempts, subject, reference, sent_again
)
SELECT kind, key, address, payload, priority, due_at, clock_timestamp(),
       {state}, '', 0, '', gen_random_uuid(), false
FROM ({select}) AS owed
ON CONFLICT (key) DO NOTHING
"""
OWED = "'pending', NULL::timestamptz, ''"
KEPT = "'kept', NULL::timestamptz, ''"
OWED_OR_PASSED_OVER = """CASE passed_over WHEN '' THEN 'pending' ELSE 'skipped' END,
       CASE passed_over WHEN '' THEN NULL ELSE clock_timestamp() END, passed_over"""
FROM_JSON = """
SELECT kind, key, address, payload, priority, due_at
FROM jsonb_to_recordset(%s::jsonb)
     AS post (kind text, key text, address text, payload jsonb, priority smallint, due_at timestamptz)
"""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One message to be owed. `payload` holds identifiers; with `"secret": true` it is blanked once it is finished."""

    kind: str
    key: str
    address: str
    due_at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    priority: int = Priority.NEWS

    def check(self) -> None:
        """Raises Refusal for an address that no message can go to, ValueError for a mistake of the caller's."""
        _check_kind(self.kind)
        if not 0 < len(self.key) <= 200:
            raise ValueError(f"a key has 1 to 200 characters: {self.key!r}")
        try:
            validate_email(self.address)
        except ValidationError as error:
            raise Refusal("Enter an e-mail address, such as name@example.org.", field="email") from error


def queue(
    *,
    kind: str,
    key: str,
    address: str,
    payload: dict[str, Any],
    now: datetime,
    due_at: datetime | None = None,
    priority: int = Priority.NEWS,
) -> bool:
    """Owe one message, in the caller's transaction. False: this key is owed or was sent already, nothing is added."""
    post = Post(kind=kind, key=key, address=address, payload=payload, due_at=due_at or now, priority=priority)
    return queue_many([post]) == 1


def queue_many(posts: Iterable[Post]) -> int:
    """Owe many messages, all or none; returns how many were new."""
    rows = list(posts)
    for post in rows:
        post.check()
    if len(rows) <= BATCH:
        return _insert_json(rows) if rows else 0
    with transaction.atomic():
        return sum(_insert_json(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH))


def _insert_json(posts: Sequence[Post]) -> int:
    encoded = json.dumps([asdict(post) for post in posts], cls=DjangoJSONEncoder)
    return _insert(FROM_JSON, [encoded])


def keep_selected(*, kind: str, select: str, params: Any) -> int:
    """Keep what a SELECT as for `queue_selected` yields, until the digest at `due_at` takes it; how many were new."""
    _check_kind(kind)
    return _insert(select, params, state=KEPT)


def queue_selected(
    *, kind: str, select: str, params: Any, passing_over: bool = False, taking: str = "", prepared: bool = False
) -> int:
    """Owe what a SELECT yields, in one statement however many rows; returns how many were new.

    `select` is SQL of the program's own, never of a reader's, with the columns kind, key, address, payload, priority
    and due_at. Its addresses come from people who confirmed them. With `passing_over` it has one more, passed_over: ""
    or why this one is written as not sent from the beginning. `taking`: a WITH clause that changes rows of the ledger,
    and that the SELECT names. `prepared`: it is made for one event after another and yields a handful, so that
    PostgreSQL may keep its plan (compiled.cursor).
    """
    _check_kind(kind)
    state = OWED_OR_PASSED_OVER if passing_over else OWED
    return _insert(select, params, state=state, taking=taking, prepared=prepared)


def _insert(select: str, params: Any, *, state: str = OWED, taking: str = "", prepared: bool = False) -> int:
    with compiled.cursor() if prepared else connection.cursor() as cursor:
        cursor.execute(INSERT.format(select=select, state=state, taking=taking), params)
        added = int(cursor.rowcount)
    if added and state != KEPT:
        changes.note()
        transaction.on_commit(wake)
    return added


def _check_kind(kind: str) -> None:
    if kind not in settings.NOTIFICATION_KINDS:
        raise ValueError(f"no such kind of message: {kind!r}; add it to settings.NOTIFICATION_KINDS")


def resend(*, notification: Notification, who: str) -> None:
    """Put a message that failed or was passed over back into the queue, for staff; the caller records the act.

    Raises Conflict where it is still under way or has been sent, where a digest has taken it, or where its text was
    blanked for safety.
    """
    if notification.payload.get("secret"):
        raise Conflict("This message held a private link, which is not kept. Ask for a new one to be made instead.")
    alone = Notification.objects.filter(pk=notification.pk).exclude(payload__has_key="digest")
    put_back = alone.filter(state__in=[State.FAILED, State.SKIPPED]).update(
        state=State.PENDING,
        attempts=0,
        due_at=clock.now(),
        finished_at=None,
        reason=f"Put back by {who}"[:500],
    )
    if not put_back:
        raise Conflict(
            "Only a message that failed or was passed over, and went into no digest, can be sent again. "
            "A digest is sent again as a whole."
        )
    transaction.on_commit(wake)
