from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import StaffFactory

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def now(freeze) -> datetime:
    return freeze(NOW)


@pytest.fixture
def administrator(db) -> User:
    return StaffFactory(is_superuser=True)


@pytest.fixture
def admin_site(administrator: User, client: Client) -> Client:
    """The browser of somebody who may do everything."""
    client.force_login(administrator)
    return client


@pytest.fixture
def signed_in():
    """`signed_in(user)`: that person's own browser."""

    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser
