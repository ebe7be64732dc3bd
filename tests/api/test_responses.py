"""A response over the API: started, drafted, filed, amended, withdrawn."""

import pytest

from accounts.models import Role
from accounts.record import By
from responses.models import Answer, Receipt, Response, Submission
from tests import factories
from tests.api.conftest import Firm, organisation_token

pytestmark = pytest.mark.django_db


def test_the_whole_way_of_a_response(call):
    organisation = factories.OrganisationFactory()
    caller = call(factories.member(organisation, Role.SUBMITTER))
    paper = factories.paper()

    started = caller.post("/api/v1/responses/", {"consultation": paper.code})
    assert started.status_code == 201
    code = started.json()["code"]
    assert started["Location"].endswith(f"/api/v1/responses/{code}/")
    url = f"/api/v1/responses/{code}/"
    again = caller.post("/api/v1/responses/", {"consultation": paper.code, "organisation": organisation.code})
    assert (again.status_code, again.json()["code"]) == (200, code)

    question = factories.question(paper, "1").code
    saved = caller.put(f"{url}answers/{question}/", {"text": "Yes."}, headers={"If-None-Match": "*"})
    assert (saved.status_code, saved["ETag"], saved.json()["version"]) == (200, '"1"', 1)

    consents = {"text_consent": "publish", "name_consent": "list", "foi_position": "no_objection"}
    stated = caller.patch(url, consents)
    assert stated.json()["consents"] == {"text": "publish", "name": "list", "foi": "no_objection", "foi_reason": ""}

    checked = caller.get(f"{url}check/").json()
    assert (checked["may_submit"], checked["problems"], checked["answer_count"]) == (True, [], 1)

    filed = caller.post(f"{url}submit/", {"checked": checked["sha256"]})
    assert filed.status_code == 201, filed.json()
    assert filed.json()["sha256"] == checked["sha256"]
    assert filed["Location"].endswith(f"/api/v1/submissions/{code}-1/")
    same = caller.post(f"{url}submit/")
    assert (same.status_code, same.json()) == (200, filed.json())

    caller.put(f"{url}answers/{question}/", {"text": "No."}, headers={"If-Match": '"1"'})
    amended = caller.post(f"{url}submit/")
    assert (amended.status_code, amended.json()["version"]) == (201, 2)
    statuses = {row["reference"]: row["status"] for row in caller.get("/api/v1/submissions/").json()["results"]}
    assert statuses == {f"{code}-1": "superseded", f"{code}-2": "standing"}

    receipt = caller.get(f"/api/v1/receipts/{amended.json()['receipt']}/").json()
    assert (receipt["submission"], receipt["sha256"]) == (f"{code}-2", amended.json()["sha256"])
    one = caller.get(f"/api/v1/submissions/{code}-2/").json()
    assert one["content"]["sections"][0]["questions"][0]["answer"]["text"] == "No."

    gone = caller.post(f"{url}withdraw/", {"reason": "Sent by mistake."})
    assert (gone.status_code, gone.json()["state"]) == (200, "withdrawn")
    assert caller.get(f"/api/v1/submissions/{code}-2/").json()["status"] == "withdrawn"
    assert [version["version"] for version in gone.json()["submissions"]] == [1, 2]


def test_an_organisations_token_acts_for_it_alone(call):
    firm, other = Firm(), Firm()
    caller = call()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {organisation_token(firm.organisation)}")
    assert [row["code"] for row in caller.get("/api/v1/responses/").json()["results"]] == [firm.response.code]
    assert caller.get(other.url).status_code == 404
    assert caller.put(firm.answer(), {"text": "Ours."}, headers={"If-None-Match": "*"}).status_code == 200


def test_a_caller_of_two_organisations_says_which(call, firm):
    second = factories.MembershipFactory(user=firm.submitter, role=Role.SUBMITTER).organisation
    caller, paper = call(firm.submitter), factories.paper()
    unsaid = caller.post("/api/v1/responses/", {"consultation": paper.code})
    assert (unsaid.status_code, unsaid.json()["errors"][0]["field"]) == (400, "organisation")
    said = caller.post("/api/v1/responses/", {"consultation": paper.code, "organisation": second.code})
    assert said.json()["organisation"]["code"] == second.code


@pytest.mark.parametrize(("what", "field"), [("consultation", "consultation"), ("organisation", "organisation")])
def test_what_one_may_not_see_cannot_be_responded_to_or_for(call, firm, what, field):
    hidden = {"consultation": factories.ConsultationFactory(draft=True), "organisation": Firm().organisation}[what]
    body = {"consultation": factories.paper().code, "organisation": firm.organisation.code, what: hidden.code}
    refused = call(firm.submitter).post("/api/v1/responses/", body)
    assert (refused.status_code, [row["field"] for row in refused.json()["errors"]]) == (400, [field])


def test_a_reader_reads_and_changes_nothing(call, firm):
    caller = call(firm.reader)
    assert caller.get(firm.url).status_code == 200
    refused = [
        caller.put(firm.answer(), {"text": "No."}, headers={"If-None-Match": "*"}),
        caller.patch(firm.url, {"text_consent": "confidential"}),
        caller.post(f"{firm.url}submit/"),
        caller.post("/api/v1/responses/", {"consultation": factories.paper().code}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert not Answer.objects.exists()
    assert call(firm.drafter).post(f"{firm.url}submit/").status_code == 403


def test_what_is_missing_is_named(call, firm):
    Response.objects.update(text_consent="", name_consent="", foi_position="")
    caller = call(firm.submitter)
    check = caller.get(f"{firm.url}check/").json()
    assert (check["may_submit"], {row["field"] for row in check["problems"]}) == (False, {"answers", "consents"})
    refused = caller.post(f"{firm.url}submit/")
    assert (refused.status_code, refused.json()["code"]) == (400, "incomplete")
    assert {row["field"] for row in refused.json()["errors"]} == {"answers", "consents"}
    assert caller.patch(firm.url, {"text_consent": "publish"}).status_code == 400
    assert not Submission.objects.exists()


def test_what_was_checked_is_what_is_filed(call, firm):
    address = firm.answer(text="First.")
    caller = call(firm.submitter)
    checked = caller.get(f"{firm.url}check/").json()["sha256"]
    caller.put(address, {"text": "Second."}, headers={"If-Match": '"1"'})
    refused = caller.post(f"{firm.url}submit/", {"checked": checked})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed")
    assert not Receipt.objects.exists()


def test_who_acted_and_through_which_door_is_on_record(call, firm):
    from accounts.models import Act

    firm.answer(text="Ours.")
    call(firm.submitter).post(f"{firm.url}submit/")
    act = Act.objects.get(verb="response submitted")
    assert (act.door, act.actor, act.ip) == ("api", By(user=firm.submitter, door="api").label, "127.0.0.1")
