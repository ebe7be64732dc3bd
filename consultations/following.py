"""Who hears of a consultation: following and muting. What they are told: announcing.py.

A person hears of a consultation who follows it, or whose criteria it fits (a body, a topic, a jurisdiction, a kind,
words, or several of them), or who may draft for an organisation that does (hearing.py), and who has not muted it;
whose account is active; and who has confirmed the address that it goes to.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts import alerts, permissions, record
from accounts.emails import reachable
from accounts.models import Organisation, User
from accounts.record import By
from consultations import links
from consultations.hearing import listening
from consultations.models import Authority, Consultation, Follow, Topic
from notifications import clock
from notifications.refusal import NotAllowed, Refusal

# A follow that is not saved stands for its criteria.
Target = Consultation | Authority | Topic | Follow
CRITERIA: dict[str, Any] = {
    "consultation": None, "authority": None, "topic": None, "jurisdiction": "", "kind": "", "words": "",
}  # fmt: skip
MOST_SEARCHES = 50  # saved with words, for one person or organisation: each is asked of every paper
UNSUBSCRIBE = "consultations.following.unsubscribe"  # the purpose of its links
DAMAGED = "This link is damaged. Open it from the e-mail again, or sign in to choose what you follow."


# --- Following --------------------------------------------------------------------------------------------------------
@transaction.atomic
def follow(*, user: User, target: Target, by: By | None = None, now: datetime | None = None) -> Follow:
    """Hear of the target from now on; following a muted consultation unmutes it. Doing it twice changes nothing.

    Raises Refusal for a target that names nothing, or for one saved search too many. `by` is missing where no request
    made it.
    """
    now = now or clock.now()
    row, made = _owned(user, None, target)
    if not made and not row.muted:
        return row
    row.muted, row.since = False, now  # heard of again from now: what fell due while it was muted is not owed
    row.save(update_fields=["muted", "since"])
    _write(row, by or By(user=user, door="command"), "followed", now)
    return row


@transaction.atomic
def follow_for(*, organisation: Organisation, target: Target, by: By, now: datetime | None = None) -> Follow:
    """Let those who may draft for the organisation hear of the target: whoever they are at the time.

    Raises NotAllowed for who may not draft for it, and Refusal as `follow` does.
    """
    now = now or clock.now()
    _refuse_reader(organisation, by)
    row, made = _owned(None, organisation, target)
    if made:
        Follow.objects.filter(pk=row.pk).update(since=now)
        _write(row, by, "followed", now)
    return row


def follow_all(*, users: Iterable[User], consultation: Consultation) -> None:
    """Make each person follow the consultation, except those who muted it: their wish stands.

    No act of theirs is written: it comes of another, which the caller records.
    """
    Follow.objects.bulk_create(
        [Follow(user=user, consultation=consultation) for user in users], ignore_conflicts=True, batch_size=1_000
    )


@transaction.atomic
def unfollow(*, user: User, target: Target, by: By | None = None, now: datetime | None = None) -> None:
    """Hear no more of the target. A consultation is muted, so that neither its body nor a colleague brings it back."""
    if isinstance(target, Consultation):
        return mute(user=user, consultation=target, by=by, now=now)
    row = Follow.objects.filter(user=user, **criteria_of(target)).first()
    if row:
        stop(follow=row, by=by or By(user=user, door="command"), now=now)
    return None


@transaction.atomic
def mute(*, user: User, consultation: Consultation, by: By | None = None, now: datetime | None = None) -> None:
    """No more alerts about this consultation, whatever else the person follows. Doing it twice changes nothing."""
    row, made = _owned(user, None, consultation, muted=True)
    if made or not row.muted:
        row.muted = True
        row.save(update_fields=["muted"])
        _write(row, by or By(user=user, door="command"), "muted", now or clock.now())


@transaction.atomic
def stop(*, follow: Follow, by: By, now: datetime | None = None) -> None:
    """Take back a follow of one's own, or of an organisation that one may draft for. Raises NotAllowed otherwise.

    One's own of a consultation becomes a muting of it, as `unfollow` says.
    """
    refuse_stranger(follow, by)
    now = now or clock.now()
    if follow.consultation and follow.user:
        return mute(user=follow.user, consultation=follow.consultation, by=by, now=now)
    if Follow.objects.filter(pk=follow.pk).delete()[0]:
        _write(follow, by, "unfollowed", now)
    return None


@transaction.atomic
def choose_leads(*, follow: Follow, leads: list[str] | None, by: By, now: datetime | None = None) -> None:
    """When this follow is to remind; None: as each person has chosen for themself. Raises NotAllowed as `stop` does."""
    refuse_stranger(follow, by)
    chosen = None if leads is None else alerts.in_order(leads)
    if chosen != follow.leads:
        follow.leads = chosen
        follow.save(update_fields=["leads"])
        _write(follow, by, "changed reminders", now or clock.now(), leads=chosen)


def refuse_stranger(follow: Follow, by: By) -> None:
    """Raises NotAllowed for who may not change this follow."""
    if follow.organisation:
        _refuse_reader(follow.organisation, by)
    elif by.user is None or follow.user_id != by.user.pk:
        raise NotAllowed("This is somebody else's.")


def _refuse_reader(organisation: Organisation, by: By) -> None:
    if by.user is None or not permissions.can_draft(by.user, organisation):
        raise NotAllowed(f"Your role in {organisation} does not let you choose what it follows. Ask an administrator.")


def _owned(user: User | None, organisation: Organisation | None, target: Target, **state: Any) -> tuple[Follow, bool]:
    """The row of this owner and target, and whether it was made. Raises Refusal for one too many."""
    wanted = criteria_of(target)
    owned = Follow.objects.filter(user=user, organisation=organisation)
    if wanted["words"] and owned.exclude(words="").count() >= MOST_SEARCHES and not owned.filter(**wanted).exists():
        raise Refusal(f"You have {MOST_SEARCHES} saved searches, which is the most. Remove one first.", field="words")
    return Follow.objects.get_or_create(user=user, organisation=organisation, **wanted, defaults=state)


def criteria_of(target: Target) -> dict[str, Any]:
    """The columns of Follow that say what it covers. Raises Refusal where nothing is said."""
    if isinstance(target, Consultation):
        return {**CRITERIA, "consultation": target}
    if isinstance(target, Authority):
        return {**CRITERIA, "authority": target}
    if isinstance(target, Topic):
        return {**CRITERIA, "topic": target}
    found = {name: getattr(target, name) for name in CRITERIA}
    found["words"] = " ".join(found["words"].replace("\x00", " ").split())
    if not any(found.values()):
        raise Refusal("Choose a body, topic, jurisdiction or kind, or type words, to follow.", field="words")
    return found


def _write(follow: Follow, by: By, verb: str, now: datetime, **detail: Any) -> None:
    """Not under the consultation's code: what a person follows is not part of the paper's own story."""
    owner = follow.organisation
    record.write(
        by=by, verb=verb, at=now,
        subject=f"organisation:{owner.code}" if owner else f"user:{follow.user_id}",
        organisation_code=owner.code if owner else "",
        follow=follow.pk, of=follow.target[:200], **detail,
    )  # fmt: skip


# --- Who hears --------------------------------------------------------------------------------------------------------
def followers_of(consultation: Consultation) -> QuerySet[User]:
    """Everybody who hears of the consultation (see the top of this file)."""
    heard = _heard("user_id", consultation_id=consultation.pk)
    muted = Follow.objects.filter(consultation=consultation, muted=True)
    return reachable().filter(pk__in=heard).exclude(pk__in=muted.values("user"))


def hears(*, user: User, consultation: Consultation) -> bool:
    """Whether the person hears of the consultation now; asked again as each e-mail is sent."""
    return followers_of(consultation).filter(pk=user.pk).exists()


def heard_by(user: User) -> Q:
    """The consultations that the person hears of: `followers_of`, from the person's side."""
    heard = _heard("consultation_id", user_id=user.pk)
    muted = Follow.objects.filter(user=user, muted=True)
    return Q(pk__in=heard) & ~Q(pk__in=muted.values("consultation"))


def heard_by_organisation(organisation: Organisation) -> Q:
    """The consultations that the organisation follows itself: what those of its members who may draft hear of by it."""
    mine = Follow.objects.filter(organisation=organisation).values_list("pk", flat=True)
    rows = f"SELECT consultation_id FROM ({listening()}) AS l WHERE follow_id = ANY(%s)"  # noqa: S608 (holds no input)
    return Q(pk__in=RawSQL(rows, [list(mine)]))  # noqa: S611


def drafted_for(user: User) -> QuerySet[Organisation]:
    """The organisations that the person may draft, and so choose what to follow, for."""
    return Organisation.objects.filter(memberships__user=user, memberships__role__in=permissions.MAY_DRAFT)


def bringing(*, user: User, consultation: Consultation) -> QuerySet[Follow]:
    """The follows, the person's own and their organisations', through which they hear of the consultation."""
    return Follow.objects.filter(pk__in=_heard("follow_id", user_id=user.pk, consultation_id=consultation.pk))


def _heard(column: str, **given: int) -> RawSQL:
    """This column of the rule's rows (hearing.py) that fit what is given. Both are names of the program's own."""
    where = " AND ".join(f"{name} = %s" for name in given)
    return RawSQL(f"SELECT {column} FROM ({listening()}) AS l WHERE {where}", [*given.values()])  # noqa: S608, S611


# --- Unsubscribing without signing in ---------------------------------------------------------------------------------
def unsubscribe_token(*, user: User, consultations: Sequence[Consultation]) -> str:
    """What the links in e-mails carry. It opens nothing but the muting of these consultations, and does not run out."""
    return links.token(UNSUBSCRIBE, [user.pk, [c.pk for c in consultations]])


def read_unsubscribe_token(token: str) -> tuple[User, list[Consultation]]:
    """Whose alerts about what the token stops. Raises Refusal for one that Soundings did not make."""
    user_id, consultation_ids = links.read(UNSUBSCRIBE, token, int, list, damaged=DAMAGED)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise Refusal(DAMAGED, code="bad_token")
    return user, list(Consultation.objects.filter(pk__in=consultation_ids).order_by("pk"))


@transaction.atomic
def unsubscribe(token: str) -> list[Consultation]:
    """Mute what the token names; doing it again changes nothing. Raises Refusal for a damaged token."""
    user, consultations = read_unsubscribe_token(token)
    for consultation in consultations:
        mute(user=user, consultation=consultation, by=By(user=user, door="link"))
    return consultations
