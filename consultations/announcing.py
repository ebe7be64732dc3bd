"""Telling the followers of a consultation what happened to it.

Each announcement is one INSERT … SELECT, whatever the number of followers.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import CharField, DateTimeField, F, SmallIntegerField, Value
from django.db.models.functions import Cast, Concat, JSONObject

from consultations import following, telling
from consultations.models import Consultation, DeadlineChange, Outcome
from notifications import outbox
from notifications.models import Priority


@transaction.atomic
def announce_opening(*, consultation: Consultation, now: datetime) -> int:
    """Queue the alert of an opening for each follower, once ever; returns how many.

    Does nothing before the consultation is open to responses, or once it is withdrawn: `announce_due` comes back to it.
    """
    taken = Consultation.objects.to_announce(now).filter(pk=consultation.pk).update(announced_at=now)
    if not taken:
        return 0
    consultation.announced_at = now
    telling.opened(consultation, now)
    return _tell(consultation, kind="consultation_opened", about=str(consultation.pk), now=now)


def announce_due(now: datetime) -> int:
    """Announce every consultation whose moment has come, each in a transaction of its own; returns alerts queued."""
    return sum(announce_opening(consultation=due, now=now) for due in Consultation.objects.to_announce(now))


def announce_extension(*, change: DeadlineChange, now: datetime) -> int:
    """Tell the followers that a deadline was moved: the old moment, the new one and why."""
    telling.extended(change, now)
    deadline = change.deadline
    about = f"{deadline.pk}:{change.version}"
    return _tell(deadline.consultation, kind="deadline_extended", about=about, now=now, change=change.pk)


def announce_withdrawal(*, consultation: Consultation, now: datetime) -> int:
    """Tell the followers that the consultation was withdrawn, and why."""
    telling.withdrawn(consultation, now)
    return _tell(consultation, kind="consultation_withdrawn", about=str(consultation.pk), now=now)


def announce_outcome(*, outcome: Outcome, now: datetime) -> int:
    """Tell the followers of every consultation that the outcome answers; who follows several gets one e-mail."""
    telling.answered(outcome, now)
    return sum(
        _tell(consultation, kind="outcome_published", about=str(outcome.pk), now=now, outcome=outcome.pk)
        for consultation in outcome.consultations.order_by("pk")
    )


def _tell(consultation: Consultation, *, kind: str, about: str, now: datetime, **payload: int) -> int:
    owed = following.followers_of(consultation).values(
        kind=Value(kind, output_field=CharField()),
        key=Concat(Value(f"{kind}:{about}:"), Cast("pk", CharField())),
        address=F("email"),
        payload=JSONObject(
            user=F("pk"),
            consultation=Value(consultation.pk),
            **{name: Value(value) for name, value in payload.items()},
        ),
        priority=Value(int(Priority.NEWS), output_field=SmallIntegerField()),
        due_at=Value(now, output_field=DateTimeField()),
    )
    select, params = owed.query.sql_with_params()
    return outbox.queue_selected(kind=kind, select=select, params=params)
