"""Following without an account: somebody types an address, and it follows once whoever reads its post has said so.

Until then nothing is kept but one message, for a week: its link, signed as the e-mail is written, carries the address
and what is to be followed. Whoever asks is answered alike, whatever is known of the address. So that nobody fills
another's mailbox, an address gets one such e-mail an hour, and further ones only once it has followed what the last was
about.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import addresses
from accounts.models import User
from accounts.record import By
from consultations import following, links
from consultations.closing import HOME_ZONE, moment
from consultations.models import Authority, Consultation, Follow, Topic
from notifications import outbox
from notifications.message import Message, Skip, write
from notifications.models import Notification, Priority, State, Suppression
from notifications.refusal import Refusal

KIND = "follow_requested"
PURPOSE = "consultations.opting_in"
LASTS = timedelta(days=3)
KEPT = timedelta(days=7)  # then nobody needs to know any more that an address was asked
PAUSE = timedelta(hours=1)  # between two such e-mails to an address that has not answered the first
MOST_A_DAY = 10  # to one that has
NAMED: dict[str, Any] = {"consultation": Consultation, "authority": Authority, "topic": Topic}
TYPED = ("jurisdiction", "kind", "words")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a link says: who would follow what. `wanted` is a follow of nobody's, not saved."""

    address: str
    wanted: Follow


# --- Asking -----------------------------------------------------------------------------------------------------------
@transaction.atomic
def ask(*, address: str, wanted: Follow, now: datetime) -> None:
    """Owe the address one e-mail that asks whether it wants to follow this, or nothing; the caller cannot tell which.

    Nothing goes to an address that bounced or complained, nor to that of a closed account. Raises Refusal for what is
    no address.
    """
    address = addresses.clean(address)
    addresses.lock(address)
    owner = addresses.owner_of(address)
    if (owner and not owner.is_active) or _is_suppressed(address) or _was_asked_lately(address, now):
        return
    outbox.queue(
        kind=KIND,
        key=f"{KIND}:{uuid4()}",
        address=address,
        payload={"wanted": packed(wanted)},
        priority=Priority.ACCOUNT,
        now=now,
    )


def forget_old(now: datetime) -> int:
    """Delete the messages that asked an address a week ago, answered or not: whoever did not answer is a stranger."""
    old = Notification.objects.filter(kind=KIND, due_at__lt=now - KEPT)
    deleted, _ = old.filter(state__in=[State.SENT, State.SKIPPED, State.FAILED]).delete()
    return deleted


def _is_suppressed(address: str) -> bool:
    return Suppression.objects.filter(address=address, lifted_at=None).exists()


def _was_asked_lately(address: str, now: datetime) -> bool:
    """The caller holds the lock on the address."""
    asked = Notification.objects.filter(kind=KIND, address=address, due_at__gt=now - timedelta(days=1))
    moments = sorted(asked.values_list("due_at", flat=True))
    if len(moments) >= MOST_A_DAY:
        return True
    if not moments or moments[-1] <= now - PAUSE:
        return False
    return not Follow.objects.filter(user__email=address, since__gte=moments[-1]).exists()


# --- The link ---------------------------------------------------------------------------------------------------------
def packed(wanted: Follow) -> dict[str, Any]:
    """What a follow covers, as JSON holds it; what it does not narrow is left out."""
    criteria = {name: getattr(wanted, f"{name}_id") for name in NAMED} | {name: getattr(wanted, name) for name in TYPED}
    return {name: value for name, value in criteria.items() if value}


def unpacked(criteria: dict[str, Any]) -> Follow | None:
    """The follow, not saved; None where what it names is no longer here."""
    row = Follow(**{name: criteria.get(name, "") for name in TYPED})
    for name, model in NAMED.items():
        if name in criteria:
            found = model.objects.filter(pk=criteria[name]).first()
            if found is None:
                return None
            setattr(row, name, found)
    return row


def told(wanted: Follow) -> str:
    """What it covers, without words that somebody typed: they could be an advertisement, sent to a stranger by us."""
    if not wanted.words:
        return wanted.target
    rest = Follow(authority=wanted.authority, topic=wanted.topic, jurisdiction=wanted.jurisdiction, kind=wanted.kind)
    return f"{rest.target}; words that were searched for" if rest.target else "words that were searched for"


def follow_requested(notification: Notification, now: datetime) -> Message | Skip:
    """The e-mail with the link; who has an account is asked to sign in on the way."""
    wanted, until = unpacked(notification.payload["wanted"]), notification.due_at + LASTS
    if now > until:
        return Skip("It could not be sent before its link had run out.")
    if wanted is None:
        return Skip("What was to be followed is no longer here.")
    owner, what = addresses.owner_of(notification.address), told(wanted)
    return write(
        "consultations/email/follow_requested",
        subject=f"Confirm: e-mails about {what}",
        why="You get this e-mail because somebody gave this address on Soundings.",
        what=what,
        has_account=bool(owner and not addresses.is_bare(owner)),
        link=link(notification),
        until=moment(until, HOME_ZONE),
    )


def link(notification: Notification) -> str:
    """The absolute address that the e-mail leads to. It lasts three days from when it was asked for."""
    until = int((notification.due_at + LASTS).timestamp())
    token = links.token(PURPOSE, [notification.address, notification.payload["wanted"], until])
    return f"{settings.SITE_URL}{reverse('consultations:confirm_follow', args=[token])}"


def read(token: str, now: datetime) -> Asked:
    """What a link says. Raises Refusal for one that was not made here, has run out, or names what is gone."""
    address, criteria, until = links.read(PURPOSE, token, str, dict, int)
    if now.timestamp() > until:
        raise Refusal("This link has run out: it works for three days. Follow again on the page.", code="expired")
    wanted = unpacked(criteria)
    if wanted is None:
        raise Refusal("What this link is about is no longer here.", code="gone")
    return Asked(address=address, wanted=wanted)


# --- Confirming -------------------------------------------------------------------------------------------------------
@transaction.atomic
def confirm(*, token: str, by: By, now: datetime) -> tuple[User, Follow]:
    """The address follows from now on; saying so twice changes nothing. Raises Refusal for a link that opens nothing,
    and NotAllowed where the address belongs to an account whose owner is not signed in.
    """
    asked = read(token, now)
    person = addresses.confirm(address=asked.address, by=by, now=now)
    itself = By(user=person, door=by.door, ip=by.ip)
    return person, following.follow(user=person, target=asked.wanted, by=itself, now=now)
