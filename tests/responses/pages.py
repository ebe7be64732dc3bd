"""What the tests of pages do again and again: sign in, answer, look."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from consultations.models import Consultation, Question
from responses.models import Answer, Response
from tests import factories


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def own_response(consultation: Consultation, role: str = Role.ADMIN, **fields: Any) -> tuple[Response, User]:
    """A draft of a new organisation, and a member of it with that role."""
    response = factories.ResponseFactory(consultation=consultation, **fields)
    return response, factories.member(response.organisation, role)


def status(answer: Any) -> int:
    """Its status, once the file that it may give out is read and closed."""
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


def url(name: str, response: Response, *more: Any) -> str:
    return reverse(f"responses:{name}", args=[response.code, *more])


def section_url(response: Response, question: Question, name: str = "section") -> str:
    return url(name, response, question.section_id)


def typed(question: Question, *, version: int = 0, **fields: Any) -> dict[str, Any]:
    """The fields of one answer as the section's form sends them: typed(q, text="…")."""
    return {f"{question.code}-{name}": value for name, value in {"version": version, **fields}.items()}


def stored(response: Response) -> dict[str, tuple[str, list[str], str, int]]:
    """Question number → text, choices, number, version."""
    return {
        answer.question.number: (answer.text, answer.selected, str(answer.number or ""), answer.version)
        for answer in Answer.objects.filter(response=response).select_related("question")
    }


def consents() -> dict[str, str]:
    return {"text_consent": "publish", "name_consent": "list", "foi_position": "no_objection"}


@contextmanager
def queries() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as captured:
        yield captured
