"""Reminding staff of their own dates, by the post that reminds everybody else.

A duty is a SELECT of what somebody on the staff has to do by a day (settings.STAFF_DUTIES lists them; another is one
more SELECT). Its columns: subject_id; due_on and zone, the day and where it is that day; leads, so many days before the
day, less than 0 for after it; every, so many days between reminders of what is overdue, 0 for none; owner_id, who is
reminded, null for everybody who may publish; not_id, who is not, or null. It takes %(now)s and %(few)s.

Each reminder comes at nine in the morning in that zone; of those whose moment has come, only the nearest. Once: the key
holds the day, so that a day that moves starts afresh. What the SELECT no longer yields as the message goes out is done.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.utils.module_loading import import_string

from accounts.emails import reachable
from accounts.models import User
from consultations.models import Consultation
from notifications import outbox
from notifications.message import Message, Skip, write
from notifications.models import Notification, Priority

PERMISSION = "consultations.publish_consultation"
WHY = (
    "You get this e-mail as a member of staff: you own this consultation on Soundings, or nobody does and you may"
    " publish."
)
OVER = Skip("It is done, it is another's now, its day was moved, or a newer reminder takes its place.")

STANDING = """
WITH duty AS ({select}),
standing AS (
    SELECT duty.*, ((%(now)s AT TIME ZONE zone) - interval '9 hours')::date - due_on AS past FROM duty
), come AS (
    SELECT standing.*, CASE WHEN every > 0 AND past >= every THEN past - past %% every
                            ELSE (SELECT max(-lead) FROM unnest(leads) AS lead WHERE -lead <= past) END AS step
    FROM standing
)
SELECT come.subject_id, come.due_on, come.zone, come.step, u.id AS user_id, u.email
FROM come
JOIN accounts_user u ON u.is_active AND u.is_staff AND u.id IS DISTINCT FROM come.not_id
WHERE come.step IS NOT NULL
  AND CASE WHEN EXISTS (SELECT FROM accounts_user o WHERE o.id = come.owner_id AND o.is_active AND o.is_staff)
           THEN u.id = come.owner_id ELSE u.id = ANY(%(publishers)s) END
"""
OWED = """
SELECT %(kind)s AS kind,
       concat_ws(':', %(kind)s, subject_id, due_on, step, user_id) AS key,
       email AS address,
       jsonb_build_object('user', user_id, 'subject', subject_id, 'due_on', due_on, 'step', step) AS payload,
       %(priority)s AS priority,
       %(now)s AS due_at
FROM ({standing}) AS standing
WHERE EXISTS (SELECT FROM account_emailaddress e
              WHERE e.user_id = standing.user_id AND e.verified AND lower(e.email) = lower(standing.email))
"""


@dataclass(frozen=True, kw_only=True)
class Duty:
    """`kind` is that of its e-mail. `named` gives, of many subjects at once, the name and the staff page of each."""

    kind: str
    select: str
    named: Callable[[Iterable[int]], dict[int, tuple[str, str]]]
    on_front_page: bool = True


@dataclass(frozen=True, kw_only=True)
class Due:
    """One thing that one person has to do, whose first reminder's moment has come."""

    duty: Duty
    subject_id: int
    due_on: date
    zone: str
    step: int

    def words(self, now: datetime) -> str:
        """ "due tomorrow", "8 days overdue"."""
        days = (self.due_on - now.astimezone(ZoneInfo(self.zone)).date()).days
        if days < 0:
            return f"{-days} day{'' if days == -1 else 's'} overdue"
        return {0: "due today", 1: "due tomorrow"}.get(days, f"due in {days} days")


def every_duty() -> list[Duty]:
    return [import_string(path) for path in settings.STAFF_DUTIES]


def queue_due(now: datetime) -> int:
    """Owe every reminder whose moment has come; returns how many were new. Run as often as you like."""
    return sum(
        outbox.queue_selected(
            kind=duty.kind,
            select=OWED.format(standing=STANDING.format(select=duty.select)),
            params={**_params(now), "kind": duty.kind, "priority": int(Priority.REMINDER)},
        )
        for duty in every_duty()
    )


def of(user: User, now: datetime, *, duties: Iterable[Duty]) -> list[Due]:
    """What the person has to do, the earliest first; a query for each duty."""
    found = [due for duty in duties for due in _standing(duty, user.pk, now)]
    return sorted(found, key=lambda due: (due.due_on, due.duty.kind, due.subject_id))


def still(notification: Notification, now: datetime) -> tuple[User, Due] | Skip:
    """Whom a reminder goes to and what it is of, if it is still wanted. Asked as it goes out."""
    payload = notification.payload
    reader = reachable().filter(pk=payload["user"], email=notification.address, is_staff=True).first()
    duty = next((duty for duty in every_duty() if duty.kind == notification.kind), None)
    if reader is None or duty is None:
        return OVER
    wanted = (payload["subject"], str(payload["due_on"]), payload["step"])
    for due in _standing(duty, reader.pk, now):
        if (due.subject_id, due.due_on.isoformat(), due.step) == wanted:
            return reader, due
    return OVER


def reminder(
    *, subject: str, name: str, says: str, facts: list[tuple[str, str]], do: tuple[str, str], rehearsal: bool = False
) -> Message:
    """`do`: what the link is called and where it leads, on the staff pages."""
    label, path = do
    return write(
        "consultations/email/duty", subject=subject, why=WHY, name=name, says=says, facts=facts, label=label,
        url=settings.SITE_URL + path, rehearsal=rehearsal,
    )  # fmt: skip


def _standing(duty: Duty, user_id: int, now: datetime) -> list[Due]:
    select = f"SELECT subject_id, due_on, zone, step FROM ({STANDING.format(select=duty.select)}) AS standing "  # noqa: S608 (our own)
    with connection.cursor() as cursor:
        cursor.execute(select + "WHERE user_id = %(user)s", {**_params(now), "user": user_id})
        rows = cursor.fetchall()
    return [Due(duty=duty, subject_id=pk, due_on=on, zone=zone, step=step) for pk, on, zone, step in rows]


def _params(now: datetime) -> dict[str, Any]:
    publishers = ModelBackend().with_perm(PERMISSION).values_list("pk", flat=True)
    return {"now": now, "few": settings.FEW_RESPONSES, "publishers": list(publishers)}


def deciders(consultation: Consultation) -> list[User]:
    """Who decides about this consultation's deadlines: its owner; where it has none, everybody who may publish."""
    owner = reachable().filter(pk=consultation.owner_id or 0, is_staff=True)
    may = ModelBackend().with_perm(PERMISSION).filter(is_staff=True)
    return list(owner or reachable().filter(pk__in=may.values("pk")))
