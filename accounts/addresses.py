"""People who are a confirmed e-mail address and nothing more: they hear of consultations and have no account.

Such a person is a User without a password who never signed in and belongs to no organisation. So all that alerts do
for people with accounts holds for them, and whoever of them chooses a password later ("Forgotten your password?") has
an account that follows what the address followed.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet, RestrictedError

from accounts import record
from accounts.models import SERVICE_DOMAIN, Membership, User
from accounts.record import By
from notifications.refusal import Conflict, NotAllowed, Refusal

LOCK = 7_236_402  # the first half of the advisory locks on addresses


def bare() -> QuerySet[User]:
    """Those of whom only an address is known. What decides is what they have, so that nobody has to keep a mark."""
    without_password = User.objects.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX, last_login=None)
    return without_password.filter(is_staff=False, is_superuser=False, is_service=False).exclude(
        Exists(Membership.objects.filter(user=OuterRef("pk")))
    )


def is_bare(user: User) -> bool:
    return bare().filter(pk=user.pk).exists()


def clean(typed: str) -> str:
    """The address in small letters. Raises Refusal for one that no message can go to."""
    address = typed.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refusal("Enter an e-mail address, such as name@example.org.", field="email") from error
    if len(address) > 254 or address.endswith(f"@{SERVICE_DOMAIN}"):
        raise Refusal("Enter an e-mail address that can receive mail.", field="email")
    return address


def owner_of(address: str) -> User | None:
    """Whoever confirmed the address, or else gave it; None when nobody did."""
    confirmed = EmailAddress.objects.filter(email__iexact=address, verified=True).select_related("user").first()
    return confirmed.user if confirmed else User.objects.filter(email__iexact=address).first()


def lock(address: str) -> None:
    """Until the transaction ends, nobody else decides about this address."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, address])


@transaction.atomic
def confirm(*, address: str, by: By, now: datetime) -> User:
    """Whose the address is, now that somebody who reads its post has said so: known before, or from now on.

    Raises NotAllowed where it belongs to an account, unless its owner is the one who is signed in.
    """
    lock(address)
    person = owner_of(address)
    if person is None:
        person = User.objects.create_user(address)
    elif not person.is_active:
        raise NotAllowed("The account with this address is closed.")
    elif not is_bare(person):
        if by.user != person:
            raise NotAllowed("This address belongs to an account. Sign in to follow with it.")
        return person
    _, is_new = EmailAddress.objects.update_or_create(
        user=person, email=person.email, defaults={"verified": True, "primary": True}
    )
    if is_new:
        itself = By(user=person, door=by.door, ip=by.ip)
        record.write(
            by=itself, verb="confirmed e-mail address", subject=f"user:{person.pk}", at=now, address=person.email
        )
    return person


@transaction.atomic
def forget(*, person: User, by: By, now: datetime) -> None:
    """Delete the address with all that it follows and every choice. The record of acts keeps that it was so.

    Raises NotAllowed for one who has an account, and Conflict where something else still names the person.
    """
    locked = User.objects.select_for_update().filter(pk=person.pk).first()
    if locked is None:
        return
    if not is_bare(locked):
        raise NotAllowed("This address belongs to an account. Sign in to change what it hears of.")
    itself = By(user=locked, door=by.door, ip=by.ip)
    record.write(by=itself, verb="deleted e-mail address", subject=f"user:{locked.pk}", at=now)
    try:
        locked.delete()
    except (ProtectedError, RestrictedError) as error:
        raise Conflict("Something that is kept names this address, so it cannot be deleted here.") from error
