"""responses/emails.py: the organisation is told what it filed, once a version, and never what it says."""

from datetime import UTC, datetime

import pytest

from accounts.models import Role
from notifications import outbox
from notifications.models import Notification, Priority
from responses import emails
from responses.models import State
from tests.factories import (
    AuthorityFactory,
    OrganisationFactory,
    ResponseFactory,
    UserFactory,
    member,
    paper,
    submit_row,
)
from tests.live import body_of

pytestmark = pytest.mark.django_db

FILED_AT = datetime(2025, 11, 12, 23, 59, 58, tzinfo=UTC)


@pytest.fixture
def response(freeze):
    freeze(FILED_AT)
    consultation = paper(
        authorities=[AuthorityFactory(time_zone="Europe/London")],
        closes_at=datetime(2025, 11, 14, 23, 59, 59, tzinfo=UTC),
        reference="DEMO25/25",
        questions=27,
    )
    return ResponseFactory(consultation=consultation, organisation=OrganisationFactory(name="Demonstration Firm A"))


def filed(response, **fields):
    values = {"content": {"sections": [{"id": 1, "questions": [{"answer": {"text": "Very secret views"}}]}]}}
    return submit_row(response, at=FILED_AT, answer_count=4, question_count=27, **{**values, **fields})


def deliver(now=FILED_AT):
    outbox.deliver(now=now, worker="test")


def test_those_who_draft_or_submit_and_who_filed_it_are_told_and_nobody_else(response):
    organisation = response.organisation
    told = {member(organisation, role, confirmed=True).email for role in (Role.ADMIN, Role.DRAFTER, Role.SUBMITTER)}
    filer = UserFactory(confirmed=True)  # has left since
    member(organisation, Role.READER, confirmed=True)
    member(organisation, Role.ADMIN)  # has not confirmed the address
    member(OrganisationFactory(), Role.ADMIN, confirmed=True)
    UserFactory(confirmed=True)
    submission = filed(response, by=filer)

    assert emails.queue_filed(kind="response_submitted", submission=submission, now=FILED_AT) == 4
    assert emails.queue_filed(kind="response_submitted", submission=submission, now=FILED_AT) == 0

    rows = Notification.objects.all()
    assert {row.address for row in rows} == told | {filer.email}
    assert {row.priority for row in rows} == {Priority.RECEIPT}


@pytest.mark.parametrize(
    ("kind", "headline"), [("response_submitted", "Response submitted"), ("response_amended", "Response amended")]
)
def test_what_was_filed_is_said_without_a_word_of_it(response, mailbox, settings, kind, headline):
    user = member(response.organisation, confirmed=True)
    user.time_zone = "America/New_York"
    user.save()
    submission = filed(response, by=user)
    emails.queue_filed(kind=kind, submission=submission, now=FILED_AT)
    deliver()

    (message,) = mailbox.wait_for(1)
    assert message["Subject"] == f"DEMO25/25: {headline.lower()}, {submission.reference}"
    assert "List-Unsubscribe" not in message
    for form in ("plain", "html"):
        text = body_of(message, form)
        for fact in (
            "Demonstration Firm A",
            submission.reference,
            "11:59pm on 12 November 2025, UK time (23:59:58 UTC)",
            "11:59pm on 14 November 2025, UK time (6:59pm on 14 November 2025, Eastern Time)",
            "4 of 27 questions",
            submission.sha256,
            submission.receipt.code,
        ):
            assert fact in text, fact
        assert "secret" not in text


def test_a_withdrawal_is_told_and_one_taken_back_is_not(response, mailbox):
    member(response.organisation, confirmed=True)
    submission = filed(response)
    withdraw(response)
    emails.queue_filed(kind="response_withdrawn", submission=submission, now=FILED_AT)
    deliver()
    (message,) = mailbox.wait_for(1)
    assert "Response withdrawn" in body_of(message, "html")
    for form in ("plain", "html"):  # the firm's own word about the withdrawal, and none of an answer
        assert "To be put right." in body_of(message, form)
        assert "secret" not in body_of(message, form)

    response.refresh_from_db()
    second = filed(response)
    withdraw(response)
    emails.queue_filed(kind="response_withdrawn", submission=second, now=FILED_AT)
    response.refresh_from_db()
    filed(response)
    deliver()
    assert len(mailbox.messages()) == 1


def withdraw(response):
    type(response).objects.filter(pk=response.pk).update(
        state=State.WITHDRAWN, withdrawn_at=FILED_AT, withdrawal_reason="To be put right."
    )


def test_after_the_deadline_no_time_to_amend_is_named(response, mailbox):
    member(response.organisation, confirmed=True)
    emails.queue_filed(kind="response_submitted", submission=filed(response), now=FILED_AT)
    deliver(now=datetime(2025, 11, 15, 9, 0, tzinfo=UTC))

    assert "amend it until" not in body_of(mailbox.wait_for(1)[0])


@pytest.mark.parametrize("count", [1, 3])
def test_one_statement_for_any_number_of_members(response, count, django_assert_num_queries):
    for _ in range(count):
        member(response.organisation, confirmed=True)
    submission = filed(response)

    with django_assert_num_queries(1):
        assert emails.queue_filed(kind="response_submitted", submission=submission, now=FILED_AT) == count
