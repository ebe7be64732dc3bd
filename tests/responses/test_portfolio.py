"""responses/portfolio.py: what is in the list of all that matters, in which order, and what it says is missing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, SignOffRule
from accounts.record import By
from consultations import following
from responses import portfolio
from tests import factories
from tests.factories import member, paper
from tests.responses.pages import queries, signed_in

pytestmark = pytest.mark.django_db


def names(user, show="", after="", most=100):
    lines = portfolio.lines(user, timezone.now(), show=show, after=after, most=most)
    return [f"{line.paper.reference}{'' if line.response else ' (none)'}" for line in lines]


@pytest.fixture
def firm():
    return factories.OrganisationFactory()


def closing(days: int, reference: str, **fields):
    return paper(questions=1, reference=reference, closes_at=timezone.now() + timedelta(days=days), **fields)


def test_what_is_answered_and_what_is_followed_stand_in_the_order_in_which_they_close(firm):
    user, admin = member(firm, Role.DRAFTER), member(firm)
    first, second, third, elsewhere, gone, _unknown = (
        closing(days, name, **more)
        for days, name, more in [
            (1, "ONE", {}), (2, "TWO", {}), (3, "THREE", {}), (4, "ELSEWHERE", {"elsewhere": True}), (-1, "GONE", {}),
            (5, "UNKNOWN", {}),
        ]
    )  # fmt: skip
    factories.ResponseFactory(organisation=firm, consultation=second)
    submitted = factories.ResponseFactory(organisation=firm, consultation=closing(3, "FILED"))
    factories.submit_row(submitted)
    factories.ResponseFactory(organisation=firm, consultation=gone)
    factories.ResponseFactory(consultation=first)  # another firm's
    factories.FollowFactory(user=user, consultation=first)
    for followed in (third, elsewhere):
        following.follow_for(organisation=firm, target=followed, by=By(user=admin, door="page"))
    muted = closing(2, "MUTED")
    following.mute(user=user, consultation=muted)

    everything = ["ONE (none)", "TWO", "FILED", "THREE (none)", "ELSEWHERE (none)"]
    everything.sort(key=["ONE (none)", "TWO", "THREE (none)", "FILED", "ELSEWHERE (none)"].index)
    found = names(user)
    assert sorted(found) == sorted(everything)
    assert (found[:2], found[-1]) == (["ONE (none)", "TWO"], "ELSEWHERE (none)")
    assert names(user, "not_started") == ["ONE (none)", "THREE (none)", "ELSEWHERE (none)"]
    assert (names(user, "draft"), names(user, "submitted"), names(user, "closed")) == (["TWO"], ["FILED"], ["GONE"])
    assert [row.reference for row in portfolio.not_heard_of(user, timezone.now(), most=9)] == ["MUTED", "UNKNOWN"]


def test_pages_of_responses_and_papers_miss_and_repeat_none(firm):
    user = member(firm)
    same = timezone.now() + timedelta(days=3)
    for number in range(9):
        made = paper(questions=1, closes_at=same, reference=f"P{number}")
        if number % 2:
            factories.ResponseFactory(organisation=firm, consultation=made)
        else:
            factories.FollowFactory(user=user, consultation=made)
    seen, after = [], ""
    while page := portfolio.lines(user, timezone.now(), show="", after=after, most=2):
        seen += page
        after = page[-1].code
    assert [line.code for line in seen] == [
        line.code for line in portfolio.lines(user, timezone.now(), show="", after="", most=99)
    ]
    assert len({line.code for line in seen}) == 9


def test_a_line_says_what_is_missing(firm):
    user = member(firm)
    firm.sign_off = SignOffRule.REQUIRED
    firm.save()
    made = closing(3, "P")
    made.sections.get().questions.update(required=True)
    response = factories.ResponseFactory(organisation=firm, consultation=made)
    line = portfolio.lines(user, timezone.now(), show="", after="", most=1)[0]
    assert line.missing == [
        "1 that must be answered is not yet", "The consents are not stated yet", "It is not signed off",
    ]  # fmt: skip
    factories.submit_row(response, at=timezone.now() - timedelta(days=2))
    line = portfolio.lines(user, timezone.now(), show="", after="", most=1)[0]
    assert line.missing == []
    assert line.is_changed


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_the_page_takes_as_many_queries_for_a_hundred_rows_as_for_one(rows, firm):
    user, body = member(firm), factories.AuthorityFactory()
    responses = [factories.ConsultationFactory(authorities=[body]) for _ in range(rows)]
    for made in responses:
        factories.DeadlineFactory(consultation=made)
        factories.ResponseFactory(organisation=firm, consultation=made)
    followed = factories.ConsultationFactory()
    factories.FollowFactory(user=user, consultation=followed)
    client = signed_in(user)
    with queries() as counted:
        answer = client.get(reverse("responses:list"))
    assert len(answer.context["lines"]) == min(rows + 1, 20)
    assert len(counted) == 17, [query["sql"][:90] for query in counted]
