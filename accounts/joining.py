"""How people come together in an organisation and part again: founding, inviting, accepting, roles, leaving.

Each function is one transaction: lock, guard, write, record, queue post. What decides about members locks the
organisation's row first, so that two administrators cannot each let the other go.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import addresses, record
from accounts.identifiers import compact
from accounts.models import Invitation, Membership, Organisation, OrganisationKind, Role, User
from accounts.permissions import can_manage
from accounts.record import By
from notifications import clock, outbox
from notifications.models import Priority
from notifications.refusal import Conflict, NotAllowed, Refusal

INVITATION_LASTS = timedelta(days=14)
INVITATIONS_A_DAY = 50  # of one person: nobody fills the post room with other people's addresses
SIGNER = Signer(salt="accounts.invitation", sep=".")


# --- the organisation -------------------------------------------------------------------------------------------------
@transaction.atomic
def create_organisation(
    *,
    by: By,
    name: str,
    kind: str,
    frn: str = "",
    lei: str = "",
    company_number: str = "",
    now: datetime | None = None,
) -> Organisation:
    """Whoever founds it is its first administrator."""
    user = a_person(by)
    organisation = Organisation(
        name=name.strip(), kind=kind, frn=compact(frn), lei=compact(lei), company_number=compact(company_number)
    )
    save_details(organisation)
    Membership.objects.create(organisation=organisation, user=user, role=Role.ADMIN)
    write(by, "created organisation", organisation, now, kind=organisation.kind)
    return organisation


@transaction.atomic
def change_details(
    *,
    by: By,
    organisation: Organisation,
    name: str,
    kind: str,
    frn: str = "",
    lei: str = "",
    company_number: str = "",
    now: datetime | None = None,
) -> Organisation:
    """What already went out under the old name keeps it: a submission holds its own copy."""
    locked = lock(by, organisation)
    before = details_of(locked)
    if kind == OrganisationKind.INDIVIDUAL and locked.memberships.count() > 1:
        raise Conflict("This organisation has several members, so it cannot become an individual.", field="kind")
    locked.name, locked.kind = name.strip(), kind
    locked.frn, locked.lei, locked.company_number = compact(frn), compact(lei), compact(company_number)
    save_details(locked)
    changed = {field: value for field, value in before.items() if details_of(locked)[field] != value}
    if changed:
        write(by, "changed organisation", locked, now, before=changed)
    return locked


def details_of(organisation: Organisation) -> dict[str, str]:
    return {field: getattr(organisation, field) for field in ("name", "kind", "frn", "lei", "company_number")}


def save_details(organisation: Organisation) -> None:
    """Save, or refuse with the first field that does not fit."""
    try:
        organisation.clean_fields()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refusal(messages[0], field=field, code="invalid") from error
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError as error:
        raise Conflict(
            "This Legal Entity Identifier cannot be used. If your organisation is already here, ask a colleague who "
            "administers it to invite you.",
            field="lei",
        ) from error


# --- invitations ------------------------------------------------------------------------------------------------------
@transaction.atomic
def invite(*, by: By, organisation: Organisation, email: str, role: str, now: datetime) -> Invitation:
    """Offer somebody a place. The link goes out by e-mail and lasts 14 days; an expired offer is replaced."""
    user = a_person(by)
    locked = lock(by, organisation)
    address = invitable(locked, email, now=now)
    if role not in Role.values:
        raise Refusal("Choose a role from the list.", field="role")
    if Invitation.objects.filter(invited_by=user, invited_at__gt=now - timedelta(days=1)).count() >= INVITATIONS_A_DAY:
        raise Conflict(f"You have invited {INVITATIONS_A_DAY} people within a day. Go on tomorrow.", field="email")
    locked.invitations.filter(
        email__iexact=address, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__lte=now
    ).update(revoked_at=now)
    invitation = Invitation.objects.create(
        organisation=locked, email=address, role=role, invited_by=user, expires_at=now + INVITATION_LASTS
    )
    write(by, "invited", locked, now, invitation=invitation.code, email=address, role=role)
    outbox.queue(
        kind="invitation",
        key=f"invitation:{invitation.pk}",
        address=address,
        payload={"invitation": invitation.pk},
        priority=Priority.ACCOUNT,
        now=now,
    )
    return invitation


def invitable(organisation: Organisation, email: str, *, now: datetime) -> str:
    """The address in small letters, or the reason why nobody can be invited under it."""
    address = addresses.clean(email)
    if organisation.kind == OrganisationKind.INDIVIDUAL:
        raise Conflict("An individual answers alone. To answer together, create an organisation of another kind.")
    if organisation.memberships.filter(user__email__iexact=address).exists():
        raise Conflict("The person with this address is already a member.", field="email")
    if organisation.invitations.open(now).filter(email__iexact=address).exists():
        raise Conflict(
            "This address has an open invitation. Withdraw that one first if you want to send another.", field="email"
        )
    return address


def link(invitation: Invitation) -> str:
    """The absolute address that the invited person opens. Only the e-mail holds it: the database could not open it."""
    path = reverse("accounts:accept_invitation", args=[SIGNER.sign(invitation.code)])
    return f"{settings.SITE_URL}{path}"


def read_token(token: str) -> Invitation | None:
    """The invitation that a link leads to, whatever has become of it since; None when the link was not made here."""
    try:
        code = SIGNER.unsign(token)
    except BadSignature:
        return None
    return Invitation.objects.select_related("organisation", "invited_by").filter(code=code).first()


def why_not(invitation: Invitation, *, now: datetime) -> str:
    """Why this invitation cannot be accepted (any more), "" when it can."""
    if invitation.accepted_at:
        return "This invitation has been used."
    if invitation.revoked_at:
        return "This invitation has been withdrawn."
    if invitation.expires_at <= now:
        return "This invitation has expired. Ask for a new one."
    return ""


def is_addressed_to(invitation: Invitation, user: User) -> bool:
    return has_address(user, invitation.email)


def has_address(user: User, email: str) -> bool:
    """Only a confirmed address counts: anybody can type one in."""
    return bool(EmailAddress.objects.filter(user=user, verified=True, email__iexact=email).exists())


def invitations_for(user: User, *, now: datetime) -> list[Invitation]:
    """The open invitations to the user's confirmed addresses."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    mine = [address.lower() for address in confirmed]
    return list(Invitation.objects.open(now).filter(email__in=mine).select_related("organisation").order_by("id"))


@transaction.atomic
def accept(*, by: By, token: str, now: datetime) -> Membership:
    """Join. The same person may say yes twice; a second person, or one who has been removed since, may not."""
    user = a_person(by)
    found = read_token(token)
    if found is None:
        raise Refusal("This is not a link to an invitation. Open it from the e-mail again.")
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=found.organisation_id)
    invitation = Invitation.objects.select_for_update().get(pk=found.pk)
    if not is_addressed_to(invitation, user):
        raise NotAllowed(
            f"This invitation is for {invitation.email}. Sign in with an account that has this address confirmed."
        )
    present = Membership.objects.filter(organisation=organisation, user=user).first()
    if invitation.accepted_by_id == user.pk and present:
        return present
    if reason := why_not(invitation, now=now):
        raise Conflict(reason)
    if organisation.kind == OrganisationKind.INDIVIDUAL:
        raise Conflict("This organisation is an individual, who answers alone.")
    membership = present or Membership.objects.create(organisation=organisation, user=user, role=invitation.role)
    invitation.accepted_at, invitation.accepted_by = now, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    write(by, "accepted invitation", organisation, now, invitation=invitation.code, role=membership.role)
    return membership


@transaction.atomic
def revoke(*, by: By, invitation: Invitation, now: datetime | None = None) -> Invitation:
    """Take an offer back. An e-mail that still waits will not go out; a link that did opens nothing."""
    now = now or clock.now()
    organisation = lock(by, invitation.organisation)
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.accepted_at:
        raise Conflict("This invitation has been accepted. Remove the member instead.")
    if locked.revoked_at is None:
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        write(by, "withdrew invitation", organisation, now, invitation=locked.code, email=locked.email)
    return locked


# --- members ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def change_role(*, by: By, membership: Membership, role: str, now: datetime | None = None) -> Membership:
    organisation = lock(by, membership.organisation)
    member = member_of(organisation, membership)
    if role not in Role.values:
        raise Refusal("Choose a role from the list.", field="role")
    if role != Role.ADMIN:
        keep_an_administrator(organisation, without=member, field="role")
    if member.role != role:
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        write(by, "changed role", organisation, now, member=member.user.email, before=before, role=role)
    return member


@transaction.atomic
def remove_member(*, by: By, membership: Membership, now: datetime | None = None) -> None:
    """What the person wrote stays; the person sees it no longer."""
    organisation = lock(by, membership.organisation)
    member = member_of(organisation, membership)
    keep_an_administrator(organisation, without=member)
    member.delete()
    write(by, "removed member", organisation, now, member=member.user.email, role=member.role)


@transaction.atomic
def leave(*, by: By, organisation: Organisation, now: datetime | None = None) -> None:
    user = a_person(by)
    locked = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    member = Membership.objects.filter(organisation=locked, user=user).first()
    if member is None:
        raise Conflict("You are not a member of this organisation.")
    keep_an_administrator(locked, without=member)
    member.delete()
    write(by, "left organisation", locked, now, role=member.role)


# --- guards -----------------------------------------------------------------------------------------------------------
def a_person(by: By) -> User:
    if by.user is None or by.user.is_service:
        raise NotAllowed("Only a person who has signed in can do this.")
    return by.user


def lock(by: By, organisation: Organisation) -> Organisation:
    """The organisation as it stands, for an administrator of it alone, until the transaction ends."""
    locked = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if not can_manage(a_person(by), locked):
        raise NotAllowed("Only an administrator of the organisation can do this.")
    return locked


def member_of(organisation: Organisation, membership: Membership) -> Membership:
    member = organisation.memberships.select_related("user").filter(pk=membership.pk).first()
    if member is None:
        raise Conflict("This person is no longer a member.")
    if member.user.is_service:
        raise Conflict("This member is an API token. Revoke the token instead.")
    return member


def keep_an_administrator(organisation: Organisation, *, without: Membership, field: str = "") -> None:
    """The caller holds the organisation's lock."""
    if without.role != Role.ADMIN:
        return
    others = organisation.memberships.filter(role=Role.ADMIN, user__is_active=True).exclude(pk=without.pk)
    if not others.exists():
        raise Conflict("An organisation needs an administrator. Make another member administrator first.", field=field)


def write(by: By, verb: str, organisation: Organisation, now: datetime | None, **detail: Any) -> None:
    record.write(
        by=by,
        verb=verb,
        subject=f"organisation:{organisation.code}",
        at=now or clock.now(),
        organisation_code=organisation.code,
        **detail,
    )
