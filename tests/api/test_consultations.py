"""What anybody may read over the API, how it is found, and that a draft is for staff alone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from consultations.models import Consultation, Jurisdiction
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/api/v1/consultations/"


def codes(answer) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row["code"] for row in answer.json()["results"]]


@pytest.fixture
def papers():
    """One of each state, by name."""
    return {
        "open": factories.paper(published_at=timezone.now() - timedelta(days=1)),
        "closed": factories.paper(
            published_at=timezone.now() - timedelta(days=60), closes_at=timezone.now() - timedelta(days=2)
        ),
        "draft": factories.ConsultationFactory(draft=True),
        "scheduled": factories.ConsultationFactory(scheduled=True),
        "withdrawn": factories.ConsultationFactory(withdrawn_at=timezone.now(), withdrawal_reason="Overtaken."),
    }


def of(papers, *names) -> set[str]:
    return {papers[name].code for name in names}


@pytest.mark.parametrize("who", ["anonymous", "stranger", "staff without the right"])
def test_what_is_published_is_for_everybody_and_nothing_else(call, papers, who):
    user = {"stranger": factories.UserFactory, "staff without the right": factories.StaffFactory}.get(who)
    caller = call(user() if user else None)
    public = of(papers, "open", "closed", "withdrawn")
    assert set(codes(caller.get(LIST))) == public
    for paper in papers.values():
        for part in ("", "deadlines/", "sections/", "questions/", "outcomes/"):
            status = caller.get(f"{LIST}{paper.code}/{part}").status_code
            assert status == (200 if paper.code in public else 404), (paper, part)


def test_staff_with_the_right_see_drafts_and_what_is_scheduled(call, papers):
    caller = call(factories.StaffFactory(rights=["consultations.view_consultation"]))
    answer = caller.get(LIST)
    assert set(codes(answer)) == of(papers, *papers)
    assert {row["code"]: row["status"] for row in answer.json()["results"]} == {
        paper.code: name for name, paper in papers.items()
    }
    assert caller.get(f"{LIST}{papers['draft'].code}/").status_code == 200


def test_a_scheduled_paper_appears_at_its_moment_and_not_before(call, freeze):
    moment = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    paper = factories.ConsultationFactory(published_at=moment)
    freeze(moment - timedelta(seconds=1))
    assert call().get(f"{LIST}{paper.code}/").status_code == 404
    freeze(moment)
    assert call().get(f"{LIST}{paper.code}/").json()["status"] == "open"


def test_status_and_deadlines_follow_the_clock_to_the_second(call, freeze):
    paper = factories.paper_with_two_deadlines()
    seen = []
    for moment in (factories.DISCUSSION_CLOSES, factories.CHAPTERS_CLOSE):
        for second in (-1, 0, 1):
            freeze(moment + timedelta(seconds=second))
            row = call().get(f"{LIST}{paper.code}/").json()
            seen.append((row["status"], [deadline["is_open"] for deadline in row["deadlines"]]))
    assert seen == [
        ("open", [True, True]),
        ("open", [True, True]),
        ("part_closed", [True, False]),
        ("part_closed", [True, False]),
        ("part_closed", [True, False]),
        ("closed", [False, False]),
    ]


def test_a_deadline_is_an_instant_a_zone_and_words(call):
    us = factories.AuthorityFactory(jurisdiction=Jurisdiction.US, time_zone="America/New_York")
    paper = factories.paper_with_two_deadlines(authorities=[factories.AuthorityFactory(), us])
    first = call().get(f"{LIST}{paper.code}/deadlines/").json()[0]
    assert (first["closes_at"], first["time_zone"]) == ("2025-11-12T23:59:59Z", "Europe/London")
    assert first["words"] == "11:59pm on 12 November 2025, UK time (6:59pm on 12 November 2025, Eastern Time)"
    listed = call().get(LIST).json()["results"][0]["deadlines"][0]
    assert {name: first[name] for name in listed} == listed


def test_a_moved_deadline_keeps_what_it_was(call):
    change = factories.DeadlineChangeFactory()
    url = f"{LIST}{change.deadline.consultation.code}/"
    for answer in (call().get(f"{url}deadlines/").json(), call().get(url).json()["deadlines"]):
        assert [moved["reason"] for moved in answer[0]["changes"]] == ["Requests for more time."]
        assert "changed_by_name" not in answer[0]["changes"][0]


def test_questions_are_as_printed_with_section_and_condition(call):
    paper = factories.paper_with_two_deadlines()
    questions = {row["number"]: row for row in call().get(f"{LIST}{paper.code}/questions/").json()}
    assert list(questions) == list(factories.TWO_DEADLINE_QUESTIONS)
    assert questions["2.3"]["shown_if"] == {"question": questions["2.2"]["code"], "answer": "No"}
    assert questions["2.2"]["choices"] == ["Yes", "No", "Partly"]
    assert questions["6.1"]["section"] == {"number": "6", "title": "Discussion of conduct"}
    sections = call().get(f"{LIST}{paper.code}/sections/").json()
    assert [q["code"] for section in sections for q in section["questions"]] == [q["code"] for q in questions.values()]


def test_outcomes_are_those_published_and_name_the_public_papers_they_answer(call):
    paper, other, draft = factories.paper(), factories.paper(), factories.ConsultationFactory(draft=True)
    outcome = factories.OutcomeFactory(consultations=[paper, other, draft])
    factories.OutcomeFactory(consultations=[paper], published_at=None)
    (row,) = call().get(f"{LIST}{paper.code}/outcomes/").json()
    assert (row["code"], row["consultations"]) == (outcome.code, [paper.code, other.code])
    assert call().get(f"{LIST}{paper.code}/").json()["status"] == "outcome_published"


def test_filters_find_exactly_what_they_name(call, papers):
    topic = factories.TopicFactory()
    papers["open"].topics.add(topic)
    body = factories.AuthorityFactory(jurisdiction=Jurisdiction.US)
    american = factories.ConsultationFactory(authorities=[body], kind="nprm", is_rehearsal=True)
    found = {
        "american": {
            f"authority={body.slug}", "jurisdiction=US", "kind=nprm", "kind=nprm&kind=anprm", "rehearsal=true",
            f"search={american.reference}",
        },
        "open": {f"topic={topic.slug}"},
        "closed": {"status=closed"},
        "withdrawn": {"status=withdrawn", "status=withdrawn&status=draft"},
    }  # fmt: skip
    papers["american"] = american
    for name, queries in found.items():
        for query in queries:
            assert codes(call().get(f"{LIST}?{query}")) == [papers[name].code], query
    assert set(codes(call().get(f"{LIST}?rehearsal=false"))) == of(papers, "open", "closed", "withdrawn")


def test_closing_filters_are_about_one_deadline(call):
    paper = factories.paper_with_two_deadlines()
    for after, before, found in [
        ("2025-11-01T00:00:00Z", "2025-11-30T00:00:00Z", True),
        ("2025-10-16T00:00:00Z", "2025-11-12T00:00:00Z", False),
        ("2025-11-12T23:59:59Z", "2025-11-12T23:59:59Z", True),
        ("2025-11-13T00:59:59%2B01:00", "2025-11-13T00:59:59%2B01:00", True),
    ]:
        assert codes(call().get(f"{LIST}?closes_after={after}&closes_before={before}")) == [paper.code] * found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=opened", "status"),
        ("staus=open", "staus"),
        ("authority=nobody", "authority"),
        ("jurisdiction=FR", "jurisdiction"),
        ("rehearsal=perhaps", "rehearsal"),
        ("closes_before=2026-01-31", "closes_before"),
        ("closes_before=2026-01-31T12:00:00", "closes_before"),
        ("closes_before=0001-01-01T00:00:00%2B14:00", "closes_before"),
        ("search=%00", "search"),
        (f"search={'a' * 201}", "search"),
        ("ordering=-id", "ordering"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        (f"page_size={'9' * 5000}", "page_size"),
        ("page_size=%D9%A1", "page_size"),
        ("cursor=nonsense", "cursor"),
    ],
)
def test_a_wrong_filter_is_refused_by_name(call, query, field):
    refused = call().get(f"{LIST}?{query}")
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert [row["field"] for row in refused.json()["errors"]] == [field]
    assert refused.json()["errors"][0]["code"].islower()  # "None" was one


def test_closing_soonest_lists_what_is_ahead_then_the_rest_newest_first(call, papers):
    now = timezone.now()
    later = factories.paper(published_at=now - timedelta(days=3), closes_at=now + timedelta(days=90))
    never = factories.ConsultationFactory(published_at=now - timedelta(days=4))
    expected = [papers["open"], later, never, papers["withdrawn"], papers["closed"]]
    assert codes(call().get(f"{LIST}?ordering=closing")) == [paper.code for paper in expected]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_is_three_queries_however_long(call, rows, django_assert_num_queries):
    for _ in range(rows):
        paper = factories.paper_with_two_deadlines()
        paper.topics.add(factories.TopicFactory())
        factories.OutcomeFactory(consultations=[paper])
        factories.DeadlineChangeFactory(deadline=paper.deadlines.first())
    caller = call()
    with django_assert_num_queries(3) as captured:  # the moment, the page's ids, its rows
        assert len(codes(caller.get(LIST))) == rows
    assert not any("COUNT(" in query["sql"] for query in captured.captured_queries)
    with django_assert_num_queries(4):
        assert len(codes(caller.get(f"{LIST}?ordering=closing"))) == rows


@pytest.mark.parametrize("questions", [1, 30])
def test_one_consultation_is_ten_queries_however_long(call, questions, django_assert_num_queries):
    paper = factories.paper(questions=questions)
    with django_assert_num_queries(10):
        call().get(f"{LIST}{paper.code}/")


def test_nothing_is_shown_that_the_schema_does_not_name(call):
    from consultations import serializers

    paper = factories.paper_with_two_deadlines()
    paper.topics.add(factories.TopicFactory())
    factories.OutcomeFactory(consultations=[paper])
    factories.DocumentFactory(consultation=paper)
    detail = call().get(f"{LIST}{paper.code}/").json()
    assert set(detail) == set(serializers.ConsultationDetailSerializer().fields)
    assert set(call().get(LIST).json()["results"][0]) == set(serializers.ConsultationSerializer().fields)
    assert set(detail["sections"][0]["questions"][0]) == set(serializers.QuestionSerializer().fields)
    assert set(detail["outcomes"][0]) == set(serializers.OutcomeSerializer().fields)
    assert Consultation.objects.count() == 1
