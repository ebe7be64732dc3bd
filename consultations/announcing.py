"""Telling the followers of a consultation what happened to it.

Each event is one Announcement, and what it queues is one INSERT … SELECT for each consultation and rhythm (rhythms.py),
whatever the number of followers. What goes to more than settings.ALERT_HOLD_ABOVE people is held: what happened has
happened, and programs are told of it at once, but no e-mail is queued until a second member of staff who may publish
releases it. What waits until it could no longer help is cancelled, with the reason (`drop_stale`).
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, DateTimeField, F, QuerySet, SmallIntegerField, Value
from django.db.models.functions import Cast, Concat, JSONObject

from accounts import record
from accounts.alerts import Rhythm
from accounts.models import User
from accounts.record import By
from consultations import following, rhythms, telling
from consultations.models import Announcement, Consultation, DeadlineChange, News, Outcome
from notifications import clock, outbox
from notifications.message import CONTROL
from notifications.models import Priority
from notifications.refusal import Conflict, NotAllowed, Refusal

SOUNDINGS = By(user=None, door="task")
NOTE_LENGTH = 300


# --- What is announced ------------------------------------------------------------------------------------------------
def plan_opening(*, consultation: Consultation, now: datetime, by: By, note: str = "") -> Announcement:
    """Keep who publishes and what they add until the opening comes; published anew, it is theirs who did so last."""
    unplan_opening(consultation)
    return _made(News.OPENED, by=by, note=note, now=now, consultation=consultation)


def unplan_opening(consultation: Consultation) -> None:
    Announcement.objects.planned().filter(kind=News.OPENED, consultation=consultation).delete()


@transaction.atomic
def announce_opening(*, consultation: Consultation, now: datetime) -> int:
    """Announce an opening, once ever; returns how many alerts were queued.

    Does nothing before the consultation is open to responses, or once it is withdrawn: `announce_due` comes back to it.
    """
    taken = Consultation.objects.to_announce(now).filter(pk=consultation.pk).update(announced_at=now)
    if not taken:
        return 0
    consultation.announced_at = now
    telling.opened(consultation, now)
    planned = Announcement.objects.planned().filter(kind=News.OPENED, consultation=consultation).first()
    return _go(planned or _made(News.OPENED, by=SOUNDINGS, note="", now=now, consultation=consultation), now)


def announce_due(now: datetime) -> int:
    """Announce every consultation whose moment has come, each in a transaction of its own; returns alerts queued."""
    return sum(announce_opening(consultation=due, now=now) for due in Consultation.objects.to_announce(now))


def announce_extension(
    *, change: DeadlineChange, now: datetime, by: By = SOUNDINGS, note: str = "", trial: bool = False
) -> int:
    """Tell the followers that a deadline was moved: the old moment, the new one and why.

    `trial`, here and below: nobody is told; for a transaction that is undone (trying.py).
    """
    paper = change.deadline.consultation
    made = _made(News.EXTENDED, by=by, note=note, now=now, consultation=paper, change=change)
    if trial:
        return 0
    telling.extended(change, now)
    return _go(made, now)


def announce_withdrawal(
    *, consultation: Consultation, now: datetime, by: By = SOUNDINGS, note: str = "", trial: bool = False
) -> int:
    """Tell the followers that the consultation was withdrawn, and why."""
    made = _made(News.WITHDRAWN, by=by, note=note, now=now, consultation=consultation)
    if trial:
        return 0
    telling.withdrawn(consultation, now)
    return _go(made, now)


def announce_outcome(
    *, outcome: Outcome, now: datetime, by: By = SOUNDINGS, note: str = "", trial: bool = False
) -> int:
    """Tell the followers of every consultation that the outcome answers; who follows several gets one e-mail."""
    made = _made(News.ANSWERED, by=by, note=note, now=now, outcome=outcome)
    if trial:
        return 0
    telling.answered(outcome, now)
    return _go(made, now)


def _made(kind: News, *, by: By, note: str, now: datetime, **about: Any) -> Announcement:
    return Announcement.objects.create(
        kind=kind, note=checked(note), made_by=by.user, made_by_name=by.label, made_at=now, **about
    )


def checked(note: str) -> str:
    """The note as it is kept. Raises Refusal at `note` for one that is too long or more than a line."""
    if CONTROL.search(note.strip()):
        raise Refusal("Write the note on one line, without control characters.", field="note")
    if len(note.strip()) > NOTE_LENGTH:
        raise Refusal(f"The note has more than {NOTE_LENGTH} characters.", field="note")
    return note.strip()


# --- To how many, and whether it waits --------------------------------------------------------------------------------
def audience(kind: str, papers: Sequence[Consultation]) -> int:
    """How many people would be told now, at once or in a digest: those whom the sending itself would choose."""
    heard = [_hearers(kind, paper).order_by().values("pk") for paper in papers]
    if not heard:
        return 0
    return heard[0].union(*heard[1:]).count() if heard[1:] else heard[0].count()


def _hearers(kind: str, paper: Consultation) -> QuerySet[User]:
    if kind not in rhythms.WAITING:
        return following.followers_of(paper)
    return rhythms.followers_by(paper, Rhythm.AT_ONCE, *rhythms.DIGESTS)


def audience_words(kind: str, papers: Sequence[Consultation]) -> str:
    """For the form that causes an alert."""
    count = audience(kind, papers)
    words = f"This will be e-mailed to {people(count)}."
    if count > settings.ALERT_HOLD_ABOVE:
        words += (
            f" That is more than {settings.ALERT_HOLD_ABOVE:,}: the e-mail waits until another member of staff who may"
            " publish releases it. Everything else takes effect at once."
        )
    return words


def people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"


def what_became(kind: News, **about: Any) -> str:
    """For whoever has just caused it: the e-mail is on its way, or waits."""
    row = Announcement.objects.filter(kind=kind, **about).first()
    if row is None or not row.is_waiting:
        return "Those who follow it are being told."
    return f"The e-mail to {people(row.recipients)} waits for another member of staff to release it."


def _go(announcement: Announcement, now: datetime) -> int:
    """On its way, or held where it goes to too many for one person to decide; returns how many alerts were queued."""
    announcement.recipients = audience(announcement.kind, announcement.papers)
    if announcement.recipients > settings.ALERT_HOLD_ABOVE:
        announcement.held_at = now
        announcement.save(update_fields=["recipients", "held_at"])
        return 0
    announcement.sent_at = now
    announcement.save(update_fields=["recipients", "sent_at"])
    return queue(announcement, now)


# --- A second person --------------------------------------------------------------------------------------------------
@transaction.atomic
def release(*, announcement: Announcement, by: By, now: datetime | None = None) -> int:
    """Send what is held on its way; returns how many alerts were queued.

    Raises NotAllowed for whoever caused it and for who may not publish, Conflict where it no longer waits or helps.
    """
    now = now or clock.now()
    row = _waiting(announcement, by)
    if by.user is None or row.made_by_id == by.user.pk:
        raise NotAllowed("Somebody else has to release this: you caused it yourself.")
    if reason := why_stale(row, now):
        raise Conflict(f"{reason} It is not sent any more.")
    row.recipients, row.sent_at, row.released_by_name = audience(row.kind, row.papers), now, by.label
    row.save(update_fields=["recipients", "sent_at", "released_by_name"])
    _write(row, by=by, now=now, verb="alert released", people=row.recipients)
    return queue(row, now)


@transaction.atomic
def cancel(*, announcement: Announcement, reason: str, by: By, now: datetime | None = None) -> None:
    """What is held is never sent. Raises Refusal at `reason`, Conflict where it no longer waits."""
    row = _waiting(announcement, by)
    if not reason.strip():
        raise Refusal("Say why it is not to be sent.", field="reason")
    row.cancelled_at, row.cancelled_by_name, row.reason = now or clock.now(), by.label, reason.strip()[:500]
    row.save(update_fields=["cancelled_at", "cancelled_by_name", "reason"])
    _write(row, by=by, now=row.cancelled_at, verb="alert cancelled", reason=row.reason)


def drop_stale(now: datetime) -> int:
    """Cancel what waited until it could no longer help; returns how many."""
    dropped = 0
    for row in Announcement.objects.waiting().select_related("consultation", "change__deadline"):
        if reason := why_stale(row, now):
            with suppress(Conflict):  # somebody else has decided just now
                cancel(announcement=row, reason=reason, by=SOUNDINGS, now=now)
                dropped += 1
    return dropped


def why_stale(row: Announcement, now: datetime) -> str:
    """Why a held alert would mislead or come too late now; "" where it still helps."""
    paper, change = row.consultation, row.change
    if paper is None or row.kind == News.WITHDRAWN:
        return ""
    if paper.withdrawn_at:
        return "The consultation was withdrawn while it waited."
    if change is not None:
        deadline = change.deadline
        if change.version != deadline.version:
            return "The deadline was moved again while it waited."
        return "" if deadline.is_open(now) else "The deadline passed while it waited."
    deadlines = list(paper.deadlines.all())
    over = deadlines and not any(deadline.is_open(now) for deadline in deadlines)
    return "The consultation closed while it waited." if over else ""


def _waiting(announcement: Announcement, by: By) -> Announcement:
    """The row, locked: of two who release it at once, the second finds it sent."""
    if by.user is not None and not by.user.has_perm("consultations.publish_consultation"):
        raise NotAllowed("You do not have permission to do this. An administrator can give it to you.")
    row = Announcement.objects.select_for_update(of=["self"]).get(pk=announcement.pk)
    if row.cancelled_at:
        raise Conflict(f"It was cancelled: {row.reason}")
    if not row.is_waiting:
        raise Conflict("It is on its way already.")
    return row


def _write(row: Announcement, *, by: By, now: datetime, verb: str, **detail: Any) -> None:
    record.write(
        by=by, verb=verb, subject=f"announcement:{row.pk}", at=now, about=str(row),
        consultation_code=row.consultation.code if row.consultation else "", **detail,
    )  # fmt: skip


# --- On its way -------------------------------------------------------------------------------------------------------
def queue(announcement: Announcement, now: datetime) -> int:
    """Owe the e-mail to each follower, or keep it for their digest. Done again, it adds only who has none; returns how
    many were added.
    """
    papers = announcement.papers
    if announcement.kind not in rhythms.WAITING:
        return sum(_tell(announcement, paper, following.followers_of(paper), now) for paper in papers)
    # At once comes first: who wants that of one of the papers does not wait for another's digest.
    told = sum(_tell(announcement, paper, rhythms.followers_by(paper, Rhythm.AT_ONCE), now) for paper in papers)
    return told + sum(_keep(announcement, paper, rhythm, now) for rhythm in rhythms.in_use() for paper in papers)


def _tell(announcement: Announcement, paper: Consultation, people: QuerySet[User], now: datetime) -> int:
    at_once = Value(now, output_field=DateTimeField())
    select, params = _owed(announcement, paper, people, due_at=at_once).query.sql_with_params()
    return outbox.queue_selected(kind=announcement.kind, select=select, params=params)


def _keep(announcement: Announcement, paper: Consultation, rhythm: Rhythm, now: datetime) -> int:
    people, due_at = rhythms.followers_by(paper, rhythm), rhythms.next_digest(rhythm=rhythm, now=now)
    select, params = _owed(announcement, paper, people, due_at=due_at).query.sql_with_params()
    return outbox.keep_selected(kind=announcement.kind, select=select, params=params)


def _owed(
    announcement: Announcement, paper: Consultation, people: QuerySet[User], *, due_at: Any
) -> QuerySet[Any, Any]:
    named = {name: Value(value) for name, value in {**announcement.named, "consultation": paper.pk}.items()}
    return people.values(
        kind=Value(announcement.kind, output_field=CharField()),
        key=Concat(Value(f"{announcement.kind}:{_about(announcement)}:"), Cast("pk", CharField())),
        address=F("email"),
        payload=JSONObject(user=F("pk"), **named),
        priority=Value(int(Priority.NEWS), output_field=SmallIntegerField()),
        due_at=due_at,
    )


def _about(announcement: Announcement) -> str:
    """What the unique key of each message names."""
    if announcement.change is not None:
        return f"{announcement.change.deadline_id}:{announcement.change.version}"
    return str(announcement.outcome_id or announcement.consultation_id)
