"""Who sees what over the API: exact sets, for the firm, another firm, a stranger, nobody, and staff of each kind."""

import pytest

from responses.models import State
from tests import factories
from tests.api.conftest import Firm

pytestmark = pytest.mark.django_db
STAFF = {
    "staff": [],
    "staff who see responses": ["responses.view_response"],
    "staff who see submissions": ["responses.view_response", "responses.view_submission"],
    "staff who see confidential": [
        "responses.view_response", "responses.view_submission", "responses.view_confidential",
    ],
    "staff who see organisations": ["accounts.view_organisation"],
}  # fmt: skip
WHO = ["submitter", "reader", "other firm", "stranger", *STAFF]


class World:
    """Firm A has a draft, a published, a confidential and a withdrawn response; firm B one of its own."""

    def __init__(self) -> None:
        self.a, self.b = Firm(), Firm()
        self.draft = self.a.response
        self.published, self.confidential, self.withdrawn = (
            factories.ResponseFactory(organisation=self.a.organisation, consented=True) for _ in range(3)
        )
        self.confidential.text_consent = "confidential"
        submissions = [factories.submit_row(r) for r in (self.published, self.confidential, self.withdrawn)]
        self.submissions = dict(zip(("published", "confidential", "withdrawn"), submissions, strict=True))
        self.withdrawn.state, self.withdrawn.withdrawn_at = State.WITHDRAWN, self.withdrawn.edited_at
        self.withdrawn.withdrawal_reason = "Mistake."
        self.withdrawn.save()

    def user(self, who: str):
        if who in STAFF:
            return factories.StaffFactory(rights=STAFF[who])
        return {
            "submitter": self.a.submitter,
            "reader": self.a.reader,
            "other firm": self.b.submitter,
            "stranger": None,
        }[who] or factories.UserFactory()

    def name_of(self, code: str) -> str:
        names = ("draft", "published", "confidential", "withdrawn")
        return next((name for name in names if getattr(self, name).code == code), "b")


@pytest.fixture
def world(db):
    return World()


RESPONSES = {
    "submitter": {"draft", "published", "confidential", "withdrawn"},
    "reader": {"draft", "published", "confidential", "withdrawn"},
    "other firm": {"b"},
    "staff who see responses": {"published", "confidential", "withdrawn"},
    "staff who see submissions": {"published", "confidential", "withdrawn"},
    "staff who see confidential": {"published", "confidential", "withdrawn"},
}
SUBMISSIONS = {
    "submitter": {"published", "confidential", "withdrawn"},
    "reader": {"published", "confidential", "withdrawn"},
    "staff who see submissions": {"published", "withdrawn"},
    "staff who see confidential": {"published", "confidential", "withdrawn"},
}


@pytest.mark.parametrize("who", WHO)
def test_responses(call, world, who):
    caller, seen = call(world.user(who)), RESPONSES.get(who, set())
    assert {world.name_of(row["code"]) for row in caller.get("/api/v1/responses/").json()["results"]} == seen
    for name in ("draft", "published", "confidential", "withdrawn"):
        url = f"/api/v1/responses/{getattr(world, name).code}/"
        assert caller.get(url).status_code == (200 if name in seen else 404)
        own = who in ("submitter", "reader")
        for part in ("answers/", "check/"):
            assert caller.get(f"{url}{part}").status_code == (200 if own else 404), (name, part)


@pytest.mark.parametrize("who", WHO)
def test_submissions_and_receipts(call, world, who):
    caller, seen = call(world.user(who)), SUBMISSIONS.get(who, set())
    listed = caller.get("/api/v1/submissions/").json()["results"]
    assert {world.name_of(row["response"]) for row in listed} == seen
    for name, submission in world.submissions.items():
        for address in (f"submissions/{submission.reference}/", f"receipts/{submission.receipt.code}/"):
            assert caller.get(f"/api/v1/{address}").status_code == (200 if name in seen else 404), (name, address)


@pytest.mark.parametrize("who", WHO)
def test_organisations(call, world, who):
    mine, theirs = world.a.organisation.code, world.b.organisation.code
    everyone = {mine, theirs}
    seen = {"submitter": {mine}, "reader": {mine}, "other firm": {theirs}, "staff who see organisations": everyone}
    caller = call(world.user(who))
    assert {row["code"] for row in caller.get("/api/v1/organisations/").json()["results"]} == seen.get(who, set())
    for code in everyone:
        status = caller.get(f"/api/v1/organisations/{code}/").status_code
        assert status == (200 if code in seen.get(who, set()) else 404)


def test_the_role_that_is_shown_is_the_callers_own(call, world):
    rows = call(world.a.drafter).get("/api/v1/organisations/").json()["results"]
    assert [row["role"] for row in rows] == ["drafter"]
    staff = call(world.user("staff who see organisations")).get("/api/v1/organisations/").json()["results"]
    assert {row["role"] for row in staff} == {None}


@pytest.mark.parametrize("who", WHO)
def test_nobody_else_changes_anything(call, world, who):
    if who in ("submitter", "reader"):
        return
    caller, url = call(world.user(who)), f"/api/v1/responses/{world.published.code}/"
    question = factories.question(world.published.consultation, "1").code
    answers = [
        caller.put(f"{url}answers/{question}/", {"text": "Not ours."}, headers={"If-None-Match": "*"}),
        caller.patch(url, {"text_consent": "publish"}),
        caller.post(f"{url}submit/"),
        caller.post(f"{url}withdraw/", {"reason": "Not ours."}),
        caller.post(f"{url}attachments/", {}, format="multipart"),
    ]
    assert {answer.status_code for answer in answers} == {404}


def test_staff_do_not_see_how_a_firm_goes_on_drafting(call, world):
    response = world.published
    response.text_consent = "confidential"
    response.save()
    own = call(world.a.submitter).get(f"/api/v1/responses/{response.code}/").json()
    seen = call(world.user("staff who see confidential")).get(f"/api/v1/responses/{response.code}/").json()
    assert (own["consents"]["text"], seen["consents"]["text"]) == ("confidential", "publish")
    assert own["edited_at"]
    assert seen["edited_at"] is None
    rows = call(world.user("staff who see confidential")).get("/api/v1/responses/").json()["results"]
    assert {row["edited_at"] for row in rows} == {None}


def test_a_submission_of_staff_without_the_right_to_confidential_says_nothing_of_one_by_its_response(call, world):
    caller = call(world.user("staff who see submissions"))
    detail = caller.get(f"/api/v1/responses/{world.confidential.code}/").json()
    assert detail["submissions"] == []


def test_without_a_token_there_is_nothing(call, world):
    caller = call()
    for path in ("responses/", "submissions/", "organisations/", f"responses/{world.draft.code}/"):
        refused = caller.get(f"/api/v1/{path}")
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")


# --- what a list costs ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rows", [1, 3])
def test_lists_are_a_constant_number_of_queries(call, rows, django_assert_num_queries):
    firm = Firm()
    factories.submit_row(firm.response)
    for _ in range(rows - 1):
        factories.submit_row(factories.ResponseFactory(organisation=firm.organisation))
    staff = call(factories.StaffFactory(rights=STAFF["staff who see confidential"]))
    member = call(firm.submitter)
    for caller, queries in [(member, 4), (staff, 6)]:
        for path in ("responses", "submissions"):
            caller.get(f"/api/v1/{path}/")  # notes the use of the token
            with django_assert_num_queries(queries) as captured:
                assert len(caller.get(f"/api/v1/{path}/").json()["results"]) == rows
            assert not any("COUNT(" in query["sql"] for query in captured.captured_queries)
    with django_assert_num_queries(3):
        member.get("/api/v1/organisations/")
