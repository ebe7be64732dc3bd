from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Invitation, Organisation, OrganisationKind, Role, User
from accounts.record import By
from tests.factories import OrganisationFactory, UserFactory, member

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def by(user: User | None, door: str = "page") -> By:
    return By(user=user, door=door)


@pytest.fixture
def now(freeze) -> datetime:
    return freeze(NOW)


@pytest.fixture
def firm(db) -> Organisation:
    return OrganisationFactory(name="Demonstration Firm A")


@pytest.fixture
def admin(firm) -> User:
    return member(
        firm, Role.ADMIN, email="admin@firm-a.example.org", name="Demonstration Administrator", confirmed=True
    )


@pytest.fixture
def drafter(firm, admin) -> User:
    return member(firm, Role.DRAFTER, email="drafter@firm-a.example.org", name="Demonstration Drafter", confirmed=True)


@pytest.fixture
def other_firm_admin(db) -> User:
    return member(OrganisationFactory(name="Demonstration Firm B"), Role.ADMIN, confirmed=True)


@pytest.fixture
def stranger(db) -> User:
    return UserFactory(confirmed=True)


@pytest.fixture
def individual(db) -> Organisation:
    return OrganisationFactory(name="Demonstration Individual", kind=OrganisationKind.INDIVIDUAL)


def invitation_to(
    organisation: Organisation, email: str, *, by: User, role: str = Role.DRAFTER, days: int = 14, **fields
):
    from django.utils import timezone

    return Invitation.objects.create(
        organisation=organisation,
        email=email,
        role=role,
        invited_by=by,
        expires_at=timezone.now() + timedelta(days=days),
        **fields,
    )
