"""Keys to the API: made, shown once, revoked. How a call is recognised by one is in accounts/api_auth.py."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import record
from accounts.api_auth import digest_of
from accounts.identifiers import public_code, validate_one_line
from accounts.joining import a_person, lock
from accounts.models import SERVICE_DOMAIN, ApiToken, Membership, Organisation, OrganisationKind, Role, User
from accounts.permissions import can_manage
from accounts.record import By
from notifications import clock
from notifications.refusal import Conflict, NotAllowed, Refusal

# What an organisation's token may be allowed; an administrator is always a person.
TOKEN_ROLES = (Role.READER, Role.DRAFTER, Role.SUBMITTER)
MOST_TOKENS = 20  # usable at a time, of one person or organisation


@transaction.atomic
def create(
    *,
    by: By,
    name: str,
    expires_in: timedelta | None,
    user: User | None = None,
    organisation: Organisation | None = None,
    role: str = "",
    now: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A token for oneself (`user`) or for an `organisation` with a `role`, and its secret, shown now or never."""
    now = now or clock.now()
    maker = a_person(by)
    named = checked_name(name)
    prefix = public_code()
    if organisation is not None:
        organisation = lock(by, organisation)
        acts_as = service_account(organisation, role=role, name=named, prefix=prefix)
    else:
        acts_as = User.objects.select_for_update(no_key=True).get(pk=maker.pk)
        if user != maker:
            raise NotAllowed("A personal token can be made only by the person themselves.")
    refuse_too_many(acts_as, organisation, now=now)
    secret = f"snd_{prefix}_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=acts_as,
        organisation=organisation,
        name=named,
        prefix=prefix,
        digest=digest_of(secret),
        created_by=maker,
        expires_at=now + expires_in if expires_in else None,
    )
    write(by, "created API token", token, now, name=named, role=role if organisation else "")
    return token, secret


def checked_name(name: str) -> str:
    named = name.strip()
    if not 0 < len(named) <= 100:
        raise Refusal("Give the token a name of at most 100 characters, so that you know it again.", field="name")
    try:
        validate_one_line(named)
    except ValidationError as error:
        raise Refusal(error.messages[0], field="name") from error
    return named


def service_account(organisation: Organisation, *, role: str, name: str, prefix: str) -> User:
    """Who an organisation's token acts as: a member of it alone, without a password and without a mailbox."""
    if organisation.kind == OrganisationKind.INDIVIDUAL:
        raise Conflict("An individual has personal tokens only.", field="owner")
    if role not in TOKEN_ROLES:
        raise Refusal("Choose what the token may do: read, draft or submit.", field="role")
    account = User.objects.create_user(f"token-{prefix}@{SERVICE_DOMAIN}", name=f"API token: {name}", is_service=True)
    Membership.objects.create(organisation=organisation, user=account, role=role)
    return account


def refuse_too_many(acts_as: User, organisation: Organisation | None, *, now: datetime) -> None:
    """The caller holds the owner's lock."""
    theirs = (
        ApiToken.objects.filter(organisation=organisation)
        if organisation
        else ApiToken.objects.filter(user=acts_as, organisation__isnull=True)
    )
    if theirs.usable(now).count() >= MOST_TOKENS:
        raise Conflict(f"There are {MOST_TOKENS} tokens already. Revoke one that is no longer used.")


@transaction.atomic
def revoke(*, by: By, token: ApiToken, now: datetime | None = None) -> ApiToken:
    """From now on it opens nothing. Revoking twice is revoking once."""
    now = now or clock.now()
    person = a_person(by)
    locked = ApiToken.objects.select_for_update(of=("self",)).select_related("user", "organisation").get(pk=token.pk)
    theirs = locked.organisation
    is_owner = can_manage(person, theirs) if theirs else locked.user_id == person.pk
    if not (is_owner or (person.is_staff and person.has_perm("accounts.change_apitoken"))):
        raise NotAllowed("Only its owner, or an administrator of the organisation, can revoke a token.")
    if locked.revoked_at is None:
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        if locked.user.is_service:
            retire(locked.user)
        write(by, "revoked API token", locked, now, name=locked.name)
    return locked


def retire(account: User) -> None:
    """A service account whose token is gone keeps its name in the record and loses its place."""
    account.memberships.all().delete()
    account.is_active = False
    account.save(update_fields=["is_active"])


def write(by: By, verb: str, token: ApiToken, now: datetime, **detail: Any) -> None:
    record.write(
        by=by,
        verb=verb,
        subject=f"api_token:{token.prefix}",
        at=now,
        organisation_code=token.organisation.code if token.organisation else "",
        **detail,
    )
