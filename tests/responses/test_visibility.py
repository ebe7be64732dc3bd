"""Who sees what of a response: exact sets for each model, and the same on every page and file."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from responses import keeping
from responses.models import Answer, AnswerVersion, Attachment, Receipt, Response, Submission
from tests import factories
from tests.factories import StaffFactory, UserFactory, member, paper
from tests.responses.pages import signed_in, status

pytestmark = pytest.mark.django_db

READS_RESPONSES = ["responses.view_response"]
READS_SUBMISSIONS = [*READS_RESPONSES, "responses.view_submission", "responses.view_receipt"]
READS_CONFIDENTIAL = [*READS_SUBMISSIONS, "responses.view_confidential"]


@dataclass
class World:
    """Two firms answer one paper. The first has a draft of another paper too; what the second filed is confidential."""

    draft: Response
    filed: Response
    secret: Response
    people: dict[str, User | AnonymousUser]


@pytest.fixture
def world() -> World:
    consultation = paper()
    first, second = factories.OrganisationFactory(), factories.OrganisationFactory()
    draft = factories.ResponseFactory(organisation=first)
    filed = factories.ResponseFactory(consultation=consultation, organisation=first, text_consent="publish")
    secret = factories.ResponseFactory(consultation=consultation, organisation=second, text_consent="confidential")
    for response in (draft, filed, secret):
        answer = factories.AnswerFactory(response=response, text=f"Text of {response.code}")
        keeping.as_it_stood(answer).save()
        factories.AttachmentFactory(response=response)
    for response in (filed, secret):
        submission = factories.submit_row(response)
        submission.attachments.set(response.attachments.all())
    people = {role: member(first, role) for role in Role.values}
    people |= {
        "other firm": member(second),
        "stranger": UserFactory(),
        "anonymous": AnonymousUser(),
        "staff": StaffFactory(),
        "staff, responses": StaffFactory(rights=READS_RESPONSES),
        "staff, submissions": StaffFactory(rights=READS_SUBMISSIONS),
        "staff, confidential": StaffFactory(rights=READS_CONFIDENTIAL),
    }
    return World(draft=draft, filed=filed, secret=secret, people=people)


FIRST, SECOND, FILED, NOTHING = {"draft", "filed"}, {"secret"}, {"filed"}, set()
MEMBERS = dict.fromkeys(Role.values, FIRST)
OUTSIDE = {"other firm": SECOND, "stranger": NOTHING, "anonymous": NOTHING, "staff": NOTHING}
SEES = {
    Response: {
        **MEMBERS, **OUTSIDE, "staff, responses": {"filed", "secret"}, "staff, submissions": {"filed", "secret"},
        "staff, confidential": {"filed", "secret"},
    },
    Answer: {
        **MEMBERS, **OUTSIDE, "staff, responses": NOTHING, "staff, submissions": NOTHING,
        "staff, confidential": NOTHING,
    },
    Attachment: {
        **MEMBERS, **OUTSIDE, "staff, responses": NOTHING, "staff, submissions": {"filed"},
        "staff, confidential": {"filed", "secret"},
    },
    Submission: {
        **dict.fromkeys(Role.values, FILED), **OUTSIDE, "staff, responses": NOTHING,
        "staff, submissions": {"filed"}, "staff, confidential": {"filed", "secret"},
    },
}  # fmt: skip
SEES[Receipt] = SEES[Submission]
SEES[AnswerVersion] = SEES[Answer]


def response_of(row) -> Response:
    if isinstance(row, Response):
        return row
    if isinstance(row, Receipt):
        return row.submission.response
    return row.answer.response if isinstance(row, AnswerVersion) else row.response


def names(world: World, rows) -> set[str]:
    known = {world.draft.pk: "draft", world.filed.pk: "filed", world.secret.pk: "secret"}
    return {known[response_of(row).pk] for row in rows}


@pytest.mark.parametrize("model", SEES, ids=lambda model: model.__name__)
def test_each_person_sees_exactly_their_rows(world: World, model) -> None:
    seen = {who: names(world, model.objects.visible_to(user)) for who, user in world.people.items()}
    assert seen == SEES[model]


def test_rows_of_one_s_own_are_the_firms_even_for_staff(world: World) -> None:
    own = {who: names(world, Response.objects.of(user)) for who, user in world.people.items()}
    staff = dict.fromkeys(["staff, responses", "staff, submissions", "staff, confidential"], NOTHING)
    assert own == {**MEMBERS, **OUTSIDE, **staff}


def client_of(user: User | AnonymousUser) -> Client:
    return signed_in(user) if isinstance(user, User) else Client()


def reached(world: World, pages: dict[str, str]) -> dict[str, set[str]]:
    """Person → names of the pages that open. Every other one is not found, or leads to signing in."""
    found: dict[str, set[str]] = {}
    for who, user in world.people.items():
        client = client_of(user)
        statuses = {name: status(client.get(address)) for name, address in pages.items()}
        assert set(statuses.values()) <= {200, 302 if who == "anonymous" else 404}
        found[who] = {name for name, status in statuses.items() if status == 200}
    return found


@pytest.mark.parametrize("name", ["detail", "attachments", "consents", "check", "withdraw", "section"])
def test_pages_of_a_response_open_to_its_members_alone(world: World, name: str) -> None:
    pages = {}
    for whose in ("draft", "filed", "secret"):
        response = getattr(world, whose)
        more = [response.consultation.sections.get().pk] if name == "section" else []
        pages[whose] = reverse(f"responses:{name}", args=[response.code, *more])
    own = dict.fromkeys([who for who in world.people if who.startswith("staff")], NOTHING)
    assert reached(world, pages) == {**MEMBERS, **OUTSIDE, **own}


def test_files_open_to_those_who_see_them(world: World) -> None:
    pages = {
        name: reverse("responses:attachment", args=[getattr(world, name).attachments.get().code])
        for name in ("draft", "filed", "secret")
    }
    assert reached(world, pages) == SEES[Attachment]


@pytest.mark.parametrize("name", ["receipt", "receipt_pdf", "submission"])
def test_proofs_open_to_those_who_see_the_submission(world: World, name: str) -> None:
    pages = {}
    for whose in ("filed", "secret"):
        submission = getattr(world, whose).latest
        key = submission.reference if name == "submission" else submission.receipt.code
        pages[whose] = reverse(f"responses:{name}", args=[key])
    assert reached(world, pages) == SEES[Submission]


def test_the_list_holds_one_s_own_and_nothing_else(world: World) -> None:
    for who, user in world.people.items():
        if not isinstance(user, User):
            continue
        answer = signed_in(user).get(reverse("responses:list"))
        expected = FIRST if who in MEMBERS else SECOND if who == "other firm" else NOTHING
        assert names(world, [line.response for line in answer.context["lines"]]) == expected
        assert "Text of" not in answer.content.decode()


WRITES = ["section", "autosave", "attachments", "consents", "submit", "withdraw"]


@pytest.mark.parametrize("name", WRITES)
def test_a_stranger_can_write_nowhere_and_learns_nothing(world: World, name: str) -> None:
    response = world.draft
    more = [response.consultation.sections.get().pk] if name in ("section", "autosave") else []
    address = reverse(f"responses:{name}", args=[response.code, *more])
    missing = reverse(f"responses:{name}", args=["BCDFGHJKMN", *more])
    for who, user in world.people.items():
        if who in MEMBERS or who == "anonymous":
            continue
        client = client_of(user)
        for given in (address, missing):
            assert client.post(given, {"reason": "x"}).status_code == 404
    turned_away = Client().post(address)
    assert turned_away.status_code == 401 if name == "section" else "/account/login" in turned_away.headers["Location"]


def test_a_stranger_cannot_remove_a_file(world: World) -> None:
    attachment = world.filed.attachments.get()
    for who in ("other firm", "stranger", "staff, confidential"):
        client = client_of(world.people[who])
        assert client.post(reverse("responses:remove_attachment", args=[attachment.code])).status_code == 404
    attachment.refresh_from_db()
    assert attachment.removed_at is None


def test_a_member_who_leaves_sees_nothing_any_more(world: World) -> None:
    user = world.people[Role.ADMIN]
    user.memberships.all().delete()
    for model in SEES:
        assert not model.objects.visible_to(user).exists()
    assert signed_in(user).get(reverse("responses:detail", args=[world.draft.code])).status_code == 404


def test_pages_may_not_be_kept_by_caches_between(world: World) -> None:
    client = client_of(world.people[Role.READER])
    for address in (reverse("responses:list"), reverse("responses:detail", args=[world.draft.code])):
        assert "private" in client.get(address).headers["Cache-Control"]
