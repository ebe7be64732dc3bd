"""Who hears of a consultation: following, muting, and telling the followers.

A person hears of a consultation who follows it, or one of its authorities, or one of its topics, and has not muted it;
whose account is active; and who has confirmed the address that it goes to. A rehearsal is told only to those who
follow that rehearsal itself: nobody who follows a real body is to take an exercise for a real paper.

Each announcement is one INSERT … SELECT, whatever the number of followers.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import CharField, DateTimeField, F, Q, QuerySet, SmallIntegerField, Value
from django.db.models.functions import Cast, Concat, JSONObject

from accounts.emails import reachable
from accounts.models import User
from consultations import telling
from consultations.models import Authority, Consultation, DeadlineChange, Follow, Outcome, Topic
from notifications import outbox
from notifications.models import Priority
from notifications.refusal import Refusal

Target = Consultation | Authority | Topic
SALT = "consultations.following.unsubscribe"


# --- Following --------------------------------------------------------------------------------------------------------
def follow(*, user: User, target: Target) -> Follow:
    """Hear of the target from now on; following a muted consultation unmutes it. Doing it twice changes nothing."""
    follow, _ = Follow.objects.update_or_create(user=user, **_named(target), defaults={"muted": False})
    return follow


def follow_all(*, users: Iterable[User], consultation: Consultation) -> None:
    """Make each person follow the consultation, except those who muted it: their wish stands."""
    Follow.objects.bulk_create(
        [Follow(user=user, consultation=consultation) for user in users], ignore_conflicts=True, batch_size=1_000
    )


def unfollow(*, user: User, target: Target) -> None:
    """Hear no more of the target. A consultation is muted, so that neither its body nor a colleague brings it back."""
    if isinstance(target, Consultation):
        mute(user=user, consultation=target)
    else:
        Follow.objects.filter(user=user, **_named(target)).delete()


def mute(*, user: User, consultation: Consultation) -> None:
    """No more alerts about this consultation, whatever else the person follows. Doing it twice changes nothing."""
    Follow.objects.update_or_create(user=user, consultation=consultation, defaults={"muted": True})


def is_following(*, user: User, target: Target) -> bool:
    """The person follows the target itself and has not muted it."""
    return Follow.objects.filter(user=user, muted=False, **_named(target)).exists()


def _named(target: Target) -> dict[str, Any]:
    """The one column of Follow that the target goes into."""
    if isinstance(target, Consultation):
        return {"consultation": target}
    return {"authority": target} if isinstance(target, Authority) else {"topic": target}


def followers_of(consultation: Consultation) -> QuerySet[User]:
    """Everybody who hears of the consultation (see the top of this file)."""
    heard = Q(consultation=consultation, muted=False)
    if not consultation.is_rehearsal:
        heard |= Q(authority__in=consultation.authorities.values("pk")) | Q(topic__in=consultation.topics.values("pk"))
    muted = Follow.objects.filter(consultation=consultation, muted=True)
    return reachable().filter(pk__in=Follow.objects.filter(heard).values("user")).exclude(pk__in=muted.values("user"))


def hears(*, user: User, consultation: Consultation) -> bool:
    """Whether the person hears of the consultation now; asked again as each e-mail is sent."""
    return followers_of(consultation).filter(pk=user.pk).exists()


# --- Unsubscribing without signing in ---------------------------------------------------------------------------------
def unsubscribe_token(*, user: User, consultations: Sequence[Consultation]) -> str:
    """What the links in e-mails carry. It opens nothing but the muting of these consultations, and does not run out."""
    return signing.dumps([user.pk, [c.pk for c in consultations]], salt=SALT, compress=True)


def read_unsubscribe_token(token: str) -> tuple[User, list[Consultation]]:
    """Whose alerts about what the token stops. Raises Refusal for one that Soundings did not make."""
    try:
        user_id, consultation_ids = signing.loads(token, salt=SALT)
        user = User.objects.get(pk=user_id)
    except (signing.BadSignature, ValueError, TypeError, User.DoesNotExist) as error:
        raise Refusal(
            "This link is damaged. Open it from the e-mail again, or sign in to choose what you follow.",
            code="bad_token",
        ) from error
    return user, list(Consultation.objects.filter(pk__in=consultation_ids).order_by("pk"))


@transaction.atomic
def unsubscribe(token: str) -> list[Consultation]:
    """Mute what the token names; doing it again changes nothing. Raises Refusal for a damaged token."""
    user, consultations = read_unsubscribe_token(token)
    for consultation in consultations:
        mute(user=user, consultation=consultation)
    return consultations


# --- Telling the followers --------------------------------------------------------------------------------------------
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
    owed = followers_of(consultation).values(
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
