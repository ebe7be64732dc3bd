"""Accounts to look around with, on a machine of one's own and nowhere else: their password is published here."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import joining, record
from accounts.groups import POLICY, PUBLISHING
from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from accounts.record import By
from consultations import following
from consultations.models import Authority, Consultation
from notifications import clock
from notifications.refusal import NotAllowed

PASSWORD = "demonstration only"  # noqa: S105 (published on purpose)
FIRM_A, FIRM_B = "Demonstration Firm A", "Demonstration Firm B"
FOLLOWED_BODY = "fca"


@dataclass(frozen=True, kw_only=True)
class Account:
    email: str
    name: str
    what: str
    firm: str = ""
    role: str = ""
    groups: tuple[str, ...] = ()
    is_staff: bool = False
    is_superuser: bool = False


ACCOUNTS = [
    Account(
        email="demo-admin@example.org",
        name="Demonstration Administrator",
        what="Staff: everything",
        is_staff=True,
        is_superuser=True,
    ),
    Account(
        email="demo-staff@example.org",
        name="Demonstration Policy Officer",
        what="Staff: publishes and reads responses",
        is_staff=True,
        groups=(POLICY, PUBLISHING),
    ),
    Account(
        email="demo-firm@example.org", name="Demonstration Admin A", what="Administrator", firm=FIRM_A, role=Role.ADMIN
    ),
    Account(
        email="demo-submitter@example.org",
        name="Demonstration Submitter A",
        what="Drafts and submits",
        firm=FIRM_A,
        role=Role.SUBMITTER,
    ),
    Account(
        email="demo-drafter@example.org",
        name="Demonstration Drafter A",
        what="Drafts, cannot submit",
        firm=FIRM_A,
        role=Role.DRAFTER,
    ),
    Account(
        email="demo-reader@example.org", name="Demonstration Reader A", what="Reads", firm=FIRM_A, role=Role.READER
    ),
    Account(
        email="demo-firm-b@example.org",
        name="Demonstration Admin B",
        what="Administrator",
        firm=FIRM_B,
        role=Role.ADMIN,
    ),
]


@transaction.atomic
def make_accounts(*, now: datetime | None = None) -> list[User]:
    """Make the accounts that are missing; those that are there stay as they are. Refused anywhere but on LOCAL runs."""
    if not settings.LOCAL:
        raise NotAllowed(
            "Demonstration accounts have a published password, so they are made only where SOUNDINGS_LOCAL is set."
        )
    now = now or clock.now()
    hashed = cache(lambda: make_password(PASSWORD))  # once for all: it takes half a second, and is no secret here
    people = []
    for account in ACCOUNTS:
        person = User.objects.filter(email=account.email).first()
        people.append(person or _make(account, hashed(), now))
    return people


def _make(account: Account, hashed: str, now: datetime) -> User:
    person = User.objects.create(
        email=account.email,
        password=hashed,
        name=account.name,
        is_staff=account.is_staff,
        is_superuser=account.is_superuser,
    )
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    person.groups.set(Group.objects.filter(name__in=account.groups))
    by = By(user=person, door="command")
    record.write(by=by, verb="demonstration account made", subject=f"user:{person.pk}", at=now)
    if account.firm:
        _join(person, account, by, now)
    if account.firm == FIRM_A:
        _follow(person)
    return person


def _join(person: User, account: Account, by: By, now: datetime) -> None:
    firm = Organisation.objects.filter(name=account.firm).first()
    if firm is None and account.role == Role.ADMIN:
        joining.create_organisation(by=by, name=account.firm, kind=OrganisationKind.FIRM, now=now)
    elif firm is not None:
        Membership.objects.get_or_create(organisation=firm, user=person, defaults={"role": account.role})


def _follow(person: User) -> None:
    """The FCA, and each rehearsal, which nobody hears of by way of its body."""
    for body in Authority.objects.filter(slug=FOLLOWED_BODY):
        following.follow(user=person, target=body)
    for rehearsal in Consultation.objects.filter(is_rehearsal=True):
        following.follow(user=person, target=rehearsal)
