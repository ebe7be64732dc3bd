"""Filing: decided by one instant, once, exactly what was shown; amended and withdrawn without losing what was filed."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Act, Role
from accounts.record import By
from notifications.models import Notification
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import drafting, snapshot, submission
from responses.drafting import Given
from responses.models import Receipt, Response, Submission
from responses.querysets import State
from tests import factories
from tests.factories import CHAPTERS_CLOSE, DISCUSSION_CLOSES, member, paper, paper_with_two_deadlines, question
from tests.responses.pages import consents, own_response, signed_in, url

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def by(user) -> By:
    return By(user=user, door="page")


def save(response: Response, user, asked_as: str, *, version: int = 0, **given) -> None:
    asked = question(response.consultation, asked_as)
    drafting.save_answer(response=response, given=Given(question=asked, version=version, **given), by=by(user))


@pytest.fixture
def drafted(freeze):
    """A response to a paper in the shape of CP25/25, both parts answered and the consents stated, on the second day."""
    freeze(factories.OPENED + timedelta(days=1))
    response, user = own_response(paper_with_two_deadlines(), Role.SUBMITTER)
    save(response, user, "2.1", text="Chapter two")
    save(response, user, "6.1", text="Discussion six")
    drafting.state_consents(response=response, by=by(user), **consents())
    return response, user


def answers_of(filed: Submission) -> dict[str, str]:
    return {
        asked["number"]: asked["answer"]["text"]
        for section in filed.content["sections"]
        for asked in section["questions"]
    }


# --- Submitting -------------------------------------------------------------------------------------------------------
def test_submitting_from_the_page_files_exactly_what_it_showed(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    shown = client.get(url("check", response)).context["content"]
    answer = client.post(url("submit", response), {"checked": snapshot.digest(shown)})
    filed = Submission.objects.get()
    assert filed.content == shown
    assert filed.sha256 == snapshot.digest(shown) == filed.receipt.sha256
    assert answer.headers["Location"] == f"/responses/receipts/{filed.receipt.code}/"
    assert (filed.version, filed.reference) == (1, f"{response.code}-1")
    assert filed.submitted_by == user
    assert answers_of(filed) == {"2.1": "Chapter two", "6.1": "Discussion six"}
    response.refresh_from_db()
    assert (response.state, response.latest) == (State.SUBMITTED, filed)
    receipt = client.get(answer.headers["Location"]).content.decode()
    assert filed.reference in receipt
    assert "9:00am on 18 September 2025, UK time" in receipt


def test_submitting_twice_is_one_submission(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    first, second = (client.post(url("submit", response)) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Submission.objects.count() == Receipt.objects.count() == 1
    assert Act.objects.filter(verb="response submitted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_simultaneous_submits_make_one_submission_and_one_receipt() -> None:
    response = factories.ResponseFactory(consultation=paper(), consented=True)
    user = member(response.organisation, confirmed=True)
    save(response, user, "1", text="Once")
    clients = [signed_in(user) for _ in range(20)]
    together, ends = threading.Barrier(20), []

    def submit(client: Client) -> None:
        together.wait()
        try:
            answer = client.post(url("submit", response))
            ends.append((answer.status_code, answer.headers.get("Location")))
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [(302, f"/responses/receipts/{Receipt.objects.get().code}/")] * 20
    assert Submission.objects.count() == 1
    assert Act.objects.filter(verb="response submitted").count() == 1
    assert Notification.objects.filter(kind="response_submitted").count() == 1


def test_what_changed_after_it_was_checked_is_shown_before_it_is_filed(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    checked = client.get(url("check", response)).context["prepared"].sha256
    save(response, member(response.organisation), "6.1", text="A colleague's last word", version=1)
    answer = client.post(url("submit", response), {"checked": checked})
    assert answer.status_code == 409
    assert "Something changed after you checked" in answer.content.decode()
    assert "A colleague&#x27;s last word" in answer.content.decode()
    assert not Submission.objects.exists()
    again = client.post(url("submit", response), {"checked": answer.context["prepared"].sha256})
    assert again.status_code == 302
    assert answers_of(Submission.objects.get())["6.1"] == "A colleague's last word"


@pytest.mark.parametrize(
    ("role", "may"), [(Role.ADMIN, True), (Role.SUBMITTER, True), (Role.DRAFTER, False), (Role.READER, False)]
)
def test_who_may_submit(drafted, role: str, may: bool) -> None:
    response, _ = drafted
    client = signed_in(member(response.organisation, role))
    page = client.get(url("check", response)).content.decode()
    assert ("Submit the response" in page) is may
    assert ("does not let you submit" in page) is not may
    assert client.post(url("submit", response)).status_code == (302 if may else 403)
    assert Submission.objects.exists() is may


def test_what_stands_in_the_way_is_listed_with_its_place(freeze) -> None:
    freeze(factories.OPENED + timedelta(days=1))
    response, user = own_response(paper_with_two_deadlines())
    client = signed_in(user)
    nothing = client.get(url("check", response))
    assert [sentence for sentence, _ in nothing.context["problems"]] == [
        "Answer at least one question or attach a file before you submit.",
        "State the three consents before you submit.",
    ]
    save(response, user, "2.2", selected=("Yes",), text="x")
    save(response, user, "3.3", number="1")
    refused = client.post(url("submit", response))
    assert refused.status_code == 400
    problems = dict(refused.context["problems"])
    required = question(response.consultation, "2.1")
    assert set(problems) == {"Question 2.1 must be answered.", "State the three consents before you submit."}
    assert problems["Question 2.1 must be answered."].endswith(f"/{required.section_id}/#question-{required.code}")
    save(response, user, "2.1", text="word " * 51)
    over = client.get(url("check", response)).context["problems"][0][0]
    assert over == "Question 2.1 has 51 words; the limit is 50."
    assert not Submission.objects.exists()


def test_a_question_that_must_be_answered_waits_for_its_own_deadline_only(freeze) -> None:
    """The discussion is filed first: chapter 2's required question must not hold it up."""
    freeze(factories.OPENED + timedelta(days=1))
    response, user = own_response(paper_with_two_deadlines(), consented=True)
    save(response, user, "6.1", text="Discussion")
    assert signed_in(user).post(url("submit", response)).status_code == 302


def test_a_question_that_is_not_asked_is_not_filed_and_the_page_says_so(drafted) -> None:
    response, user = drafted
    save(response, user, "2.2", selected=("No",))
    save(response, user, "2.3", text="Because of this")
    assert "2.3" in str(submission.prepare(response, factories.OPENED).content)
    save(response, user, "2.2", selected=("Yes",), version=1)
    page = signed_in(user).get(url("check", response))
    assert [item.question.number for item in page.context["unasked"]] == ["2.3"]
    assert "Because of this" not in str(page.context["content"])


# --- Deadlines --------------------------------------------------------------------------------------------------------
def test_after_the_discussion_closed_a_first_submission_holds_only_what_may_be_answered(drafted, freeze) -> None:
    response, user = drafted
    freeze(DISCUSSION_CLOSES + SECOND)
    client = signed_in(user)
    page = client.get(url("check", response)).content.decode()
    assert "Left out, because the section closed" in page
    assert "question 6.1, 6 Discussion of conduct" in page
    assert client.post(url("submit", response)).status_code == 302
    filed = Submission.objects.get()
    assert answers_of(filed) == {"2.1": "Chapter two"}
    assert [row["number"] for row in filed.content["left_out"]] == ["6.1"]
    assert filed.question_count == 6  # 2.3 is not asked


@pytest.mark.parametrize(("late_by", "numbers"), [(0, {"2.1", "6.1"}), (1, {"2.1"})])
def test_the_second_decides_what_a_submission_holds(drafted, freeze, late_by: int, numbers: set[str]) -> None:
    response, user = drafted
    freeze(DISCUSSION_CLOSES + late_by * SECOND)
    signed_in(user).post(url("submit", response))
    assert set(answers_of(Submission.objects.get())) == numbers


def test_one_second_after_the_last_deadline_it_is_refused_and_the_draft_is_kept(drafted, freeze) -> None:
    response, user = drafted
    client = signed_in(user)
    freeze(CHAPTERS_CLOSE + SECOND)
    answer = client.post(url("submit", response))
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "This consultation closed at 11:59pm on 12 November 2025, UK time" in text
    assert "Your draft is kept" in text
    assert "Submit the response" not in text
    assert not Submission.objects.exists()
    response.refresh_from_db()
    assert (response.state, response.answers.count()) == (State.DRAFT, 2)
    freeze(CHAPTERS_CLOSE)
    assert client.post(url("submit", response)).status_code == 302


def test_an_amendment_keeps_what_was_filed_in_time_and_drops_later_changes_to_it(drafted, freeze) -> None:
    response, user = drafted
    client = signed_in(user)
    client.post(url("submit", response))
    save(response, user, "6.1", text="Changed and never filed", version=1)
    freeze(DISCUSSION_CLOSES + SECOND)
    save(response, user, "2.1", text="Chapter two, amended", version=1)
    page = client.get(url("check", response))
    assert [item.question.number for item in page.context["outdated"]] == ["6.1"]
    client.post(url("submit", response))
    first, second = Submission.objects.order_by("version")
    assert answers_of(first) == {"2.1": "Chapter two", "6.1": "Discussion six"}
    assert answers_of(second) == {"2.1": "Chapter two, amended", "6.1": "Discussion six"}
    assert second.content["left_out"] == []
    response.refresh_from_db()
    assert response.latest == second


def test_after_a_withdrawal_nothing_of_the_closed_section_comes_back(drafted, freeze) -> None:
    response, user = drafted
    filed = submission.submit(response=response, by=by(user))
    submission.withdraw(response=response, reason="A mistake.", by=by(user))
    freeze(DISCUSSION_CLOSES + SECOND)
    afresh = submission.submit(response=response, by=by(user))
    assert answers_of(afresh) == {"2.1": "Chapter two"}
    assert (afresh.version, filed.version) == (2, 1)
    response.refresh_from_db()
    assert (response.state, response.withdrawal_reason) == (State.SUBMITTED, "")


def test_a_consultation_that_is_withdrawn_takes_no_submission(drafted) -> None:
    response, user = drafted
    type(response.consultation).objects.update(withdrawn_at=factories.OPENED, withdrawal_reason="Replaced.")
    answer = signed_in(user).post(url("submit", response))
    assert answer.status_code == 409
    assert "This consultation was withdrawn." in answer.content.decode()


# --- The record -------------------------------------------------------------------------------------------------------
def test_amending_makes_the_next_version_and_says_amended(drafted) -> None:
    response, user = drafted
    client = signed_in(user)
    client.post(url("submit", response))
    detail = client.get(url("detail", response)).content.decode()
    assert (
        "You can amend it until each section closes, the first at 11:59pm on 15 October 2025, UK time "
        "and the last at 11:59pm on 12 November 2025, UK time"
    ) in detail
    assert "differs from what was submitted" not in detail
    save(response, user, "6.1", text="Better", version=1)
    assert "differs from what was submitted" in client.get(url("detail", response)).content.decode()
    client.post(url("submit", response))
    assert list(Submission.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    assert list(Act.objects.filter(verb__startswith="response ").values_list("verb", flat=True)) == [
        "response submitted", "response amended",
    ]  # fmt: skip


def test_what_was_filed_cannot_be_changed_or_deleted(drafted) -> None:
    response, user = drafted
    filed = submission.submit(response=response, by=by(user))
    for attempt in (
        lambda: Submission.objects.filter(pk=filed.pk).update(sha256="0"),
        lambda: Receipt.objects.filter(submission=filed).delete(),
        lambda: Submission.objects.filter(pk=filed.pk)._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_flow_refuses_by_itself(drafted, freeze) -> None:
    response, _ = drafted
    with pytest.raises(NotAllowed):
        submission.submit(response=response, by=by(member(response.organisation, Role.DRAFTER)))
    with pytest.raises(NotAllowed):
        submission.submit(response=response, by=by(member(factories.OrganisationFactory())))
    with pytest.raises(NotAllowed):
        submission.submit(response=response, by=By(user=None, door="task"))
    submitter = member(response.organisation, Role.SUBMITTER)
    with pytest.raises(Conflict):
        submission.withdraw(response=response, reason="x", by=by(submitter))
    freeze(CHAPTERS_CLOSE + SECOND)
    with pytest.raises(Conflict, match="closed at"):
        submission.submit(response=response, by=by(submitter))
    assert isinstance(Conflict("x"), Refusal)
