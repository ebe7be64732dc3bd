"""Guests of a response, such as outside counsel: invited, let in, given more or less, and let go.

Each function is one transaction: the response's row is locked first, as it is when an answer is saved, so that nobody
saves after their access has ended. A guest reads and, where that was allowed, drafts the answers of what was shared;
permissions.py says how that limits each door. Comments are never a guest's to see.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from accounts import addresses, joining
from accounts.joining import a_person
from accounts.models import User
from accounts.permissions import can_submit, role_in
from accounts.record import By
from consultations.models import Section
from notifications import clock, outbox
from notifications.models import Priority
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses.drafting import lock, write_act
from responses.models import Guest, May, Response

OFFER_LASTS = timedelta(days=14)
INVITATIONS_A_DAY = 50  # of one person: nobody fills the post room with other people's addresses
MOST_GUESTS = 50  # of one response, at a time
SIGNER = Signer(salt="responses.guest", sep=".")


@transaction.atomic
def invite(
    *, response: Response, email: str, sections: Iterable[Section] | None, may: str, by: By, now: datetime | None = None
) -> Guest:
    """Offer somebody access to the whole response (`sections` None) or to some of it. The link goes out by e-mail and
    lasts 14 days; an offer that has run out is replaced.

    Raises NotAllowed but for those who may submit; Refusal or Conflict at `email`, `sections` or `may`.
    """
    now = now or clock.now()
    locked = _managed(response, by)
    user, shared = a_person(by), _shared(locked, sections)
    _known_right(may)
    address = _invitable(locked, email, now=now)
    if Guest.objects.filter(invited_by=user, invited_at__gt=now - timedelta(days=1)).count() >= INVITATIONS_A_DAY:
        raise Conflict(f"You have invited {INVITATIONS_A_DAY} people within a day. Go on tomorrow.", field="email")
    locked.guests.standing().filter(email=address, accepted_at=None, expires_at__lte=now).update(ended_at=now)
    guest = Guest.objects.create(
        response=locked, email=address, whole=shared is None, may=may, invited_by=user, invited_at=now,
        expires_at=now + OFFER_LASTS,
    )  # fmt: skip
    guest.sections.set(shared or [])
    _write(guest, by, now, "guest invited", **_what(guest))
    outbox.queue(
        kind="guest_invited", key=f"guest_invited:{guest.pk}", address=address, payload={"guest": guest.pk},
        priority=Priority.ACCOUNT, now=now,
    )  # fmt: skip
    return guest


@transaction.atomic
def accept(*, token: str, by: By, now: datetime | None = None) -> Guest:
    """Be let in. The same person may say yes twice; a second person, or one who has been let go since, may not."""
    now = now or clock.now()
    user, guest = _answering(token, by)
    if guest.user_id == user.pk and Guest.objects.of(user).filter(pk=guest.pk).exists():
        return guest
    if reason := why_not(guest, now=now):
        raise Conflict(reason)
    if role_in(user, guest.response.organisation):
        raise Conflict(f"You are a member of {guest.response.organisation}: you see this response already.")
    guest.user, guest.accepted_at = user, now
    guest.save(update_fields=["user", "accepted_at"])
    _write(guest, by, now, "guest accepted")
    _tell(guest, now)
    return guest


@transaction.atomic
def decline(*, token: str, by: By, now: datetime | None = None) -> Guest:
    """Say no. Said twice, the first stays."""
    now = now or clock.now()
    _, guest = _answering(token, by)
    if guest.declined_at:
        return guest
    if reason := why_not(guest, now=now):
        raise Conflict(reason)
    guest.declined_at = now
    guest.save(update_fields=["declined_at"])
    _write(guest, by, now, "guest declined")
    _tell(guest, now)
    return guest


@transaction.atomic
def change(*, guest: Guest, sections: Iterable[Section] | None, may: str, by: By, now: datetime | None = None) -> Guest:
    """Share more or less, or let them do more or less; at once, also for who has a page open."""
    now = now or clock.now()
    locked = _managed(guest.response, by)
    shared = _shared(locked, sections)
    _known_right(may)
    found = _standing(guest, locked)
    before = _what(found)
    found.whole, found.may = shared is None, may
    found.save(update_fields=["whole", "may"])
    found.sections.set(shared or [])
    if _what(found) != before:
        _write(found, by, now, "guest changed", before=before, **_what(found))
    return found


@transaction.atomic
def end(*, guest: Guest, by: By, now: datetime | None = None) -> Guest:
    """Take the access, or the offer, back; a guest may end their own. What they wrote stays. Ended twice, the first
    stays."""
    now = now or clock.now()
    locked = lock(guest.response)
    user = a_person(by)
    if guest.user_id != user.pk:
        _refuse_stranger(locked, user)
    found = Guest.objects.select_for_update(of=("self",)).get(pk=guest.pk)
    found.response = locked
    if found.ended_at is None and found.declined_at is None:
        found.ended_at, found.ended_by = now, user
        found.save(update_fields=["ended_at", "ended_by"])
        _write(found, by, now, "guest ended")
    return found


# --- The link ---------------------------------------------------------------------------------------------------------
def link(guest: Guest) -> str:
    """The absolute address that the invited person opens. Only the e-mail holds it: the database could not open it."""
    path = reverse("responses:guest_invitation", args=[SIGNER.sign(guest.code)])
    return f"{settings.SITE_URL}{path}"


def read_token(token: str) -> Guest | None:
    """The invitation that a link leads to, whatever has become of it since; None when the link was not made here."""
    try:
        code = SIGNER.unsign(token)
    except BadSignature:
        return None
    found = Guest.objects.select_related("response__organisation", "response__consultation", "invited_by")
    return found.filter(code=code).first()


def why_not(guest: Guest, *, now: datetime) -> str:
    """Why this invitation cannot be accepted (any more), "" when it can."""
    if guest.ended_at:
        return "This invitation has been withdrawn."
    if guest.accepted_at:
        return "This invitation has been used."
    if guest.declined_at:
        return "This invitation has been declined. Ask for a new one if you want to accept after all."
    if guest.expires_at <= now:
        return "This invitation has expired. Ask for a new one."
    return ""


def offers_for(user: User, *, now: datetime) -> "QuerySet[Guest]":
    """The open invitations to the user's confirmed addresses."""
    mine = EmailAddress.objects.filter(user=user, verified=True, email__iexact=OuterRef("email"))
    rows = Guest.objects.open(now).filter(Exists(mine))
    return rows.select_related("response__organisation", "response__consultation").order_by("id")


# --- Guards -----------------------------------------------------------------------------------------------------------
def _managed(response: Response, by: By) -> Response:
    """The response, locked, for who may submit it."""
    locked = lock(response)
    _refuse_stranger(locked, a_person(by))
    return locked


def _refuse_stranger(response: Response, user: User) -> None:
    if not can_submit(user, response.organisation):
        raise NotAllowed(f"Only a submitter or an administrator of {response.organisation} looks after its guests.")


def _shared(response: Response, sections: Iterable[Section] | None) -> list[Section] | None:
    if sections is None:
        return None
    wanted = list(sections)
    if not wanted:
        raise Refusal("Choose at least one section, or share the whole response.", field="sections")
    if any(section.consultation_id != response.consultation_id for section in wanted):
        raise Refusal("This section belongs to another consultation.", field="sections")
    return wanted


def _known_right(may: str) -> None:
    if may not in May.values:
        raise Refusal("Choose what the guest may do.", field="may")


def _invitable(response: Response, email: str, *, now: datetime) -> str:
    """The address in small letters, or the reason why nobody can be invited under it."""
    address = addresses.clean(email)
    if response.organisation.memberships.filter(user__email__iexact=address).exists():
        raise Conflict("The person with this address is a member, and sees the response already.", field="email")
    standing = response.guests.standing()
    if standing.filter(email=address, accepted_at__isnull=False).exists():
        raise Conflict("The person with this address is a guest of this response already.", field="email")
    if standing.open(now).filter(email=address).exists():
        raise Conflict("This address has an open invitation. End that one first to send another.", field="email")
    if standing.count() >= MOST_GUESTS:
        raise Conflict(f"A response has {MOST_GUESTS} guests at most. End somebody’s access first.", field="email")
    return address


def _answering(token: str, by: By) -> tuple[User, Guest]:
    """Who answers an invitation, and the invitation, locked. Raises NotAllowed for whom it is not addressed to."""
    user, found = a_person(by), read_token(token)
    if found is None:
        raise Refusal("This is not a link to an invitation. Open it from the e-mail again.")
    locked = lock(found.response)
    guest = Guest.objects.select_for_update(of=("self",)).select_related("invited_by").get(pk=found.pk)
    guest.response = locked
    if not joining.has_address(user, guest.email):
        raise NotAllowed(
            f"This invitation is for {guest.email}. Sign in with an account that has this address confirmed."
        )
    return user, guest


def _standing(guest: Guest, response: Response) -> Guest:
    found = response.guests.standing().select_for_update(of=("self",)).filter(pk=guest.pk).first()
    if found is None:
        raise Conflict("This person is no longer a guest.")
    found.response = response
    return found


def _what(guest: Guest) -> dict[str, Any]:
    """For the record."""
    shared = sorted(guest.sections.values_list("id", flat=True))
    return {"may": guest.may, "sections": "all" if guest.whole else shared}


def _write(guest: Guest, by: By, now: datetime, verb: str, **detail: Any) -> None:
    write_act(guest.response, by=by, now=now, verb=verb, guest=guest.code, email=guest.email, **detail)


def _tell(guest: Guest, now: datetime) -> None:
    """Whoever invited them."""
    outbox.queue(
        kind="guest_answered", key=f"guest_answered:{guest.pk}", address=guest.invited_by.email,
        payload={"guest": guest.pk, "user": guest.invited_by_id}, now=now,
    )  # fmt: skip
