"""Where a consultation stands at a moment, to the microsecond: each status begins with its moment, and not before."""

from datetime import UTC, datetime, timedelta

import pytest

from consultations.models import Consultation, Deadline, Outcome
from consultations.querysets import Status
from tests.factories import ConsultationFactory, DeadlineFactory, OutcomeFactory

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK, DAY = timedelta(microseconds=1), timedelta(days=1)


def stands(now: datetime) -> tuple[str, datetime | None]:
    return Consultation.objects.with_status(now).values_list("status", "next_closes_at").get()


@pytest.fixture
def paper() -> Consultation:
    """Open long since, with one part without a closing date."""
    made = ConsultationFactory(published_at=MOMENT - 9 * DAY, opens_at=None)
    DeadlineFactory(consultation=made, closes_at=None)
    return made


def test_it_is_a_draft_until_it_has_a_moment_of_publication(paper):
    Consultation.objects.update(published_at=None)
    assert stands(MOMENT) == (Status.DRAFT, None)


@pytest.mark.parametrize("field", ["published_at", "opens_at"])
def test_it_opens_when_it_is_both_published_and_opened(paper, field):
    Consultation.objects.update(**{field: MOMENT})
    assert [stands(now)[0] for now in (MOMENT - TICK, MOMENT)] == [Status.SCHEDULED, Status.OPEN]


def test_a_part_is_open_at_its_closing_moment_and_closed_after_it(paper):
    DeadlineFactory(consultation=paper, closes_at=MOMENT)
    assert stands(MOMENT) == (Status.OPEN, MOMENT)
    assert stands(MOMENT + TICK) == (Status.PART_CLOSED, None)


def test_the_last_part_closes_it_and_the_soonest_ahead_closes_next(paper):
    Deadline.objects.update(closes_at=MOMENT + DAY)
    DeadlineFactory(consultation=paper, closes_at=MOMENT)
    assert stands(MOMENT) == (Status.OPEN, MOMENT)
    assert stands(MOMENT + DAY) == (Status.PART_CLOSED, MOMENT + DAY)
    assert stands(MOMENT + DAY + TICK) == (Status.CLOSED, None)


def test_another_paper_s_deadlines_and_outcomes_are_not_its_own(paper):
    other = ConsultationFactory(published_at=MOMENT - 9 * DAY, withdrawn_at=MOMENT, withdrawal_reason="Replaced")
    for closes_at in (MOMENT, MOMENT + DAY):
        DeadlineFactory(consultation=other, closes_at=closes_at)
    OutcomeFactory(published_at=MOMENT, is_final=True).consultations.set([other])
    own = Consultation.objects.with_status(MOMENT + TICK).get(pk=paper.pk)
    assert (own.status, own.next_closes_at) == (Status.OPEN, None)


def test_without_a_deadline_it_is_open(paper):
    Deadline.objects.all().delete()
    assert stands(MOMENT) == (Status.OPEN, None)


@pytest.mark.parametrize(("fields", "before"), [({}, Status.OPEN), ({"closing_unknown": True}, Status.UNKNOWN)])
def test_it_is_known_to_have_closed_from_that_moment(paper, fields, before):
    Consultation.objects.update(known_closed_at=MOMENT, **fields)
    assert [stands(now)[0] for now in (MOMENT - TICK, MOMENT)] == [before, Status.CLOSED]


def test_a_final_outcome_ends_it_when_it_is_published_and_an_interim_one_does_not(paper):
    Consultation.objects.update(known_closed_at=MOMENT - DAY)
    OutcomeFactory(published_at=MOMENT, is_final=False).consultations.set([paper])
    assert stands(MOMENT)[0] == Status.CLOSED
    Outcome.objects.update(is_final=True)
    assert [stands(now)[0] for now in (MOMENT - TICK, MOMENT)] == [Status.CLOSED, Status.OUTCOME_PUBLISHED]


def test_a_withdrawal_goes_before_all_else_from_its_moment(paper):
    OutcomeFactory(published_at=MOMENT - DAY, is_final=True).consultations.set([paper])
    Consultation.objects.update(withdrawn_at=MOMENT, withdrawal_reason="Replaced")
    assert [stands(now)[0] for now in (MOMENT - TICK, MOMENT)] == [Status.OUTCOME_PUBLISHED, Status.WITHDRAWN]
