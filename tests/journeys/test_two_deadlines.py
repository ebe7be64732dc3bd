"""CP25/25's rehearsal, as a firm meets it: the discussion chapters close first, and the rest stays open."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Role
from accounts.record import By
from consultations.models import Consultation
from consultations.rehearsing import rehearse
from responses import submission
from responses.drafting import Given, save_answers, start, state_consents
from responses.models import Submission
from tests.consultations.test_loading import load_shipped
from tests.factories import OrganisationFactory, member
from tests.responses.pages import consents, section_url, signed_in, typed, url

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 9, 30, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def rehearsal(freeze) -> Consultation:
    freeze(NOW)
    load_shipped("fca-cp25-25")
    real = Consultation.objects.get(source_key="fca-cp25-25")
    return rehearse(consultation=real, by=By(user=None, door="test"), now=NOW)


def test_after_the_discussion_closes_a_submission_holds_only_what_may_still_be_answered(rehearsal, freeze):
    firm = OrganisationFactory()
    person = member(firm, Role.SUBMITTER)
    by = By(user=person, door="test")
    discussion, chapters = rehearsal.deadlines.order_by("closes_at")
    late = discussion.sections.get().questions.first()
    early = chapters.sections.get().questions.first()
    response = start(consultation=rehearsal, organisation=firm, by=by)
    state_consents(response=response, by=by, **consents())
    browser = signed_in(person)

    # Up to the last second both can be answered.
    freeze(discussion.closes_at)
    for question in (late, early):
        browser.post(section_url(response, question), typed(question, text=f"On {question.text}"))
    assert len(submission.prepare(response, discussion.closes_at).content["sections"]) == 2

    # One second later the discussion is closed, and the page says which and when; the rest is open.
    freeze(discussion.closes_at + SECOND)
    page = browser.get(section_url(response, late)).content.decode()
    assert "11:59pm on" in page
    assert "UK time" in page
    refused = browser.post(section_url(response, late), typed(late, version=1, text="Changed too late"))
    assert refused.status_code == 409
    assert "Changed too late" in refused.content.decode()
    browser.post(section_url(response, early), typed(early, version=1, text="Changed in time"))

    browser.post(url("submit", response))
    filed = Submission.objects.get(response=response)
    kept = [question["code"] for section in filed.content["sections"] for question in section["questions"]]
    assert kept == [early.code]
    assert filed.content["sections"][0]["questions"][0]["answer"]["text"] == "Changed in time"
    assert [left["code"] for left in filed.content["left_out"]] == [late.code]

    # And after the last deadline nothing is taken; the draft stays.
    freeze(chapters.closes_at + SECOND)
    _, refusals = save_answers(response=response, given=[Given(question=early, text="Too late", version=2)], by=by)
    assert set(refusals) == {early.code}
    assert browser.post(url("submit", response)).status_code == 409
    assert Submission.objects.filter(response=response).count() == 1
