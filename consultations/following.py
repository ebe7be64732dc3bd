"""Who hears of a consultation: following and muting. What they are told: announcing.py.

A person hears of a consultation who follows it, or one of its authorities, or one of its topics, and has not muted it;
whose account is active; and who has confirmed the address that it goes to. A rehearsal is told only to those who
follow that rehearsal itself: nobody who follows a real body is to take an exercise for a real paper.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.emails import reachable
from accounts.models import User
from consultations.models import Authority, Consultation, Follow, Topic
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
