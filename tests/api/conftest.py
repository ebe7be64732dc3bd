"""Callers of the API: `call(user)` is a client with that user's own token, `call()` a stranger's without one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import Organisation, Role, User
from accounts.record import By
from consultations.models import Consultation
from responses.models import Response
from tests import factories


@pytest.fixture
def call() -> Callable[..., APIClient]:
    def made(user: User | None = None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user)}")
        return client

    return made


def token_of(user: User) -> str:
    by = By(user=user, door="page")
    return tokens.create(by=by, name="For a test", expires_in=timedelta(days=1), user=user)[1]


def organisation_token(organisation: Organisation, role: str = Role.SUBMITTER) -> str:
    admin = factories.member(organisation)
    by = By(user=admin, door="page")
    return tokens.create(by=by, name="For a test", expires_in=None, organisation=organisation, role=role)[1]


class Firm:
    """An organisation with one member of each role, and its response to a paper."""

    def __init__(self, paper: Consultation | None = None, **members: Any) -> None:
        self.organisation = factories.OrganisationFactory()
        self.submitter = factories.member(self.organisation, Role.SUBMITTER, **members)
        self.drafter = factories.member(self.organisation, Role.DRAFTER, **members)
        self.reader = factories.member(self.organisation, Role.READER, **members)
        self.paper = paper or factories.paper()
        self.response: Response = factories.ResponseFactory(
            organisation=self.organisation, consultation=self.paper, consented=True
        )

    @property
    def url(self) -> str:
        return f"/api/v1/responses/{self.response.code}/"

    def answer(self, number: str = "1", **fields: Any) -> str:
        """The address of one answer, with something in it if fields are given."""
        question = factories.question(self.paper, number)
        if fields:
            factories.AnswerFactory(response=self.response, question=question, **fields)
        return f"{self.url}answers/{question.code}/"


@pytest.fixture
def firm(db: None) -> Firm:
    return Firm()
