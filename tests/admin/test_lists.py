"""Lists: what they show, how they are narrowed, and that they cost the same however long they are."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Act
from accounts.staff.pages import PeekPaginator
from consultations.models import Consultation
from notifications.models import Notification, State
from responses.models import Response
from tests.admin.crowd import gather
from tests.factories import (
    AuthorityFactory,
    ConsultationFactory,
    DeadlineFactory,
    OrganisationFactory,
    OutcomeFactory,
    ResponseFactory,
    StaffFactory,
    TopicFactory,
    UserFactory,
    paper,
    submit_row,
)

pytestmark = pytest.mark.django_db
RESPONSES = "/admin/responses/response/"
PAPERS = "/admin/consultations/consultation/"
MESSAGES = "/admin/notifications/notification/"
ACTS = "/admin/accounts/act/"


def names(answer) -> list[str]:
    """The rows of a list, in order."""
    return [str(row) for row in answer.context["cl"].result_list]


def listed(browser, address: str, **asked: str) -> list:
    answer = browser.get(address, asked)
    assert answer.status_code == 200, answer.get("Location")
    return list(answer.context["cl"].result_list)


def filed(**fields) -> Response:
    response = ResponseFactory(**fields)
    submit_row(response)
    return response


def message(n: int, **fields) -> Notification:
    values = {"kind": "invitation", "key": f"k{n}", "address": f"person-{n}@example.org", "due_at": datetime.now(UTC)}
    return Notification.objects.create(**{**values, **fields})


def queries(browser, address: str) -> int:
    browser.get(address)  # what is read once a process is read already
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


# --- cost ---
# Literal, so that whoever adds a query has to say so: session, person, then what the list needs.
COSTS = {
    RESPONSES: 5,
    PAPERS: 7,
    MESSAGES: 3,
    ACTS: 3,
    "/admin/accounts/organisation/": 3,
    "/admin/accounts/user/": 3,
    "/admin/accounts/membership/": 3,
    "/admin/consultations/outcome/": 3,
}


def one_of_each(n: int) -> None:
    response = filed(consultation=paper(title=f"Paper {n}"))
    OutcomeFactory(consultations=[response.consultation])
    message(n)
    Act.objects.create(at=datetime.now(UTC), verb="tested", actor="x@example.org", door="task", subject=f"test:{n}")


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_at_one_row_and_three(signed_in, rows):
    for n in range(rows):
        one_of_each(n)
    browser = signed_in(StaffFactory(is_superuser=True))
    assert {address: queries(browser, address) for address in COSTS} == COSTS


def test_lists_cost_the_same_at_ten_rows_and_a_thousand(admin_site):
    one = paper()
    gather(10, papers=[one.pk], prefix="YY")
    few = {address: queries(admin_site, address) for address in COSTS}
    gather(1_000, papers=[one.pk, paper().pk])
    assert {address: queries(admin_site, address) for address in COSTS} == few
    assert queries(admin_site, f"{RESPONSES}?p=3") == few[RESPONSES]


def test_front_page_costs_the_same_empty_and_full(admin_site):
    empty = queries(admin_site, "/admin/")
    for n in range(8):
        one_of_each(n)
        message(100 + n, state=State.FAILED, reason="no such mailbox")
        ConsultationFactory(draft=True)
        ConsultationFactory(scheduled=True)
        ConsultationFactory(is_rehearsal=True)
    full = queries(admin_site, "/admin/")
    assert full - empty <= 4  # the bodies of what is listed, one query a list
    for n in range(8, 20):
        one_of_each(n)
    assert queries(admin_site, "/admin/") == full


@pytest.fixture
def counted_to_a_hundred(monkeypatch) -> None:
    monkeypatch.setattr(PeekPaginator, "COUNTED", 100)


def test_long_list_is_counted_so_far_and_read_beyond(admin_site, counted_to_a_hundred):
    gather(205, papers=[paper().pk])
    pages = [admin_site.get(f"{RESPONSES}?p={number}") for number in range(1, 6)]
    assert all("More than 100 responses" in page.content.decode() for page in pages)
    assert [len(page.context["cl"].result_list) for page in pages] == [50, 50, 50, 50, 5]
    assert ['rel="next"' in page.content.decode() for page in pages] == [True, True, True, True, False]
    seen = [row.pk for page in pages for row in page.context["cl"].result_list]
    assert seen == list(Response.objects.order_by("-latest_id").values_list("pk", flat=True))


def test_page_beyond_the_end_leads_to_the_whole_list(admin_site, counted_to_a_hundred):
    gather(110, papers=[paper().pk])
    for page in ("4", "999999", "99999999999999999999"):
        answer = admin_site.get(RESPONSES, {"p": page}, follow=True)
        assert answer.status_code == 200
        assert "This is the whole list" in answer.content.decode()


def test_paginator_of_a_short_list_knows_its_end():
    StaffFactory.create_batch(3)
    pages = PeekPaginator(type(StaffFactory.build()).objects.order_by("pk"), 2)
    assert (pages.count, len(pages.page(1)), pages.has_next) == (3, 2, True)
    assert (len(pages.page(2)), pages.has_next) == (1, False)


# --- what is found ---
def test_responses_are_narrowed(admin_site):
    fca, sec = AuthorityFactory(slug="fca"), AuthorityFactory(slug="sec")
    custody = TopicFactory(slug="custody")
    ours = paper(authorities=[fca, sec], closes_at=datetime(2999, 1, 15, tzinfo=UTC))
    ours.topics.add(custody)
    closed = paper(authorities=[sec], closes_at=datetime(2026, 1, 15, tzinfo=UTC))
    rehearsal = paper(is_rehearsal=True, authorities=[fca])
    a, b, c = filed(consultation=ours), filed(consultation=closed), filed(consultation=rehearsal)
    withdrawn = filed(consultation=closed)
    Response.objects.filter(pk=withdrawn.pk).update(state="withdrawn", withdrawn_at=datetime.now(UTC))
    ResponseFactory(consultation=ours)  # a draft
    found = {
        "": {a, b, c, withdrawn},
        "body=fca": {a, c},
        "body=sec": {a, b, withdrawn},
        "state=withdrawn": {withdrawn},
        "status=open": {a, c},
        "status=closed": {b, withdrawn},
        "topic=custody": {a},
        "rehearsal=no": {a, b, withdrawn},
        "rehearsal=yes": {c},
        "closes_from=2026-01-15&closes_to=2026-01-15": {b, withdrawn},
        "closes_from=2999-01-16": set(),
        "received_from=2026-01-01": {a, b, c, withdrawn},
        "received_to=2020-01-01": set(),
        f"consultation={ours.code}": {a},
        "consultation=NOTACODE": set(),
        "body=sec&status=open&topic=custody": {a},
    }
    for query, expected in found.items():
        assert set(admin_site.get(f"{RESPONSES}?{query}").context["cl"].result_list) == expected, query


def test_responses_are_searched(admin_site):
    one = filed(
        organisation=OrganisationFactory(name="Demonstration Custody Ltd"), consultation=paper(reference="X1/26")
    )
    two = filed(consultation=paper(reference="X2/26"))
    assert listed(admin_site, RESPONSES, q="custody") == [one]
    assert listed(admin_site, RESPONSES, q=two.code.lower()) == [two]
    assert listed(admin_site, RESPONSES, q=f"{two.code}-1") == [two]
    assert listed(admin_site, RESPONSES, q="x2/26") == [two]
    assert listed(admin_site, RESPONSES, q="nothing like it") == []


def test_responses_come_newest_first(admin_site):
    one, two = filed(), filed()
    submit_row(one)  # amended
    assert listed(admin_site, RESPONSES) == [one, two]
    assert listed(admin_site, RESPONSES, o="6") == [two, one]


def test_day_filter_goes_by_the_clock_of_who_asks(signed_in):
    """23:30 on 1 March in New York is 04:30 on 2 March in UTC."""
    response = filed()
    at = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    submission = submit_row(response, at=at)
    assert submission.received_at == at
    new_york = signed_in(StaffFactory(is_superuser=True, time_zone="America/New_York"))
    london = signed_in(StaffFactory(is_superuser=True))
    day = {"received_from": "2026-03-01", "received_to": "2026-03-01"}
    assert listed(new_york, RESPONSES, **day) == [response]
    assert listed(london, RESPONSES, **day) == []


def test_consultations_are_narrowed_and_searched(admin_site):
    fca = AuthorityFactory(slug="fca")
    draft = ConsultationFactory(draft=True, reference="D/1", authorities=[fca])
    opened = paper(reference="O/1", title="Custody of tokens")
    scheduled = ConsultationFactory(scheduled=True, reference="S/1")
    found = {
        "": {draft, opened, scheduled},
        "status=draft": {draft},
        "status=open": {opened},
        "status=scheduled": {scheduled},
        "body=fca": {draft},
        "q=custody": {opened},
        "q=S/1": {scheduled},
        "kind=nprm": set(),
        "jurisdiction=UK": {draft, opened, scheduled},
    }
    for query, expected in found.items():
        assert set(admin_site.get(f"{PAPERS}?{query}").context["cl"].result_list) == expected, query


def test_record_is_searched_by_person_code_and_subject(admin_site):
    now = datetime.now(UTC)
    one = Act.objects.create(at=now, verb="a", actor="ann@example.org", door="page", subject="response:BCDFGHJKMN")
    two = Act.objects.create(
        at=now - timedelta(days=3), verb="b", actor="bob@example.org", door="api", subject="x:1",
        consultation_code="CDFGHJKMNP",
    )  # fmt: skip
    assert listed(admin_site, ACTS, q="Ann@") == [one]
    assert listed(admin_site, ACTS, q="bcdfghjkmn") == [one]
    assert listed(admin_site, ACTS, q="response:BCDFGHJKMN") == [one]
    assert listed(admin_site, ACTS, q="CDFGHJKMNP") == [two]
    assert listed(admin_site, ACTS, door="api") == [two]
    assert listed(admin_site, ACTS, at_to=(now - timedelta(days=2)).date().isoformat()) == [two]


def test_messages_are_narrowed(admin_site):
    one = message(1, state=State.FAILED, reason="no such mailbox")
    two = message(2, kind="deadline_coming")
    assert listed(admin_site, MESSAGES, state="failed") == [one]
    assert listed(admin_site, MESSAGES, kind="deadline_coming") == [two]
    assert listed(admin_site, MESSAGES, q="PERSON-2") == [two]
    assert listed(admin_site, MESSAGES, q="k1") == [one]


def test_people_and_organisations_are_searched(admin_site):
    person = UserFactory(email="jo@example.org", name="Jo Demonstration")
    firm = OrganisationFactory(name="Demonstration Exchange", frn="123456")
    assert person in listed(admin_site, "/admin/accounts/user/", q="jo@")
    assert listed(admin_site, "/admin/accounts/organisation/", q="exchange") == [firm]
    assert listed(admin_site, "/admin/accounts/organisation/", q="123456") == [firm]
    assert listed(admin_site, "/admin/accounts/organisation/", q=firm.code.lower()) == [firm]


def test_consultation_page_costs_the_same_with_many_questions(admin_site):
    small, large = paper(questions=1), paper(questions=60)
    for one in (small, large):
        DeadlineFactory(consultation=one)
    counts = [queries(admin_site, f"{PAPERS}{one.pk}/change/") for one in (small, large)]
    assert counts[0] == counts[1]
    assert Consultation.objects.count() == 2


def test_moments_have_their_zone_and_go_by_the_clock_of_who_looks(signed_in):
    message(1, due_at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
    for zone, said in (("Europe/London", "1 Jul 2026, 13:00 BST"), ("America/New_York", "1 Jul 2026, 08:00 EDT")):
        staff = signed_in(StaffFactory(is_superuser=True, time_zone=zone))
        assert said in staff.get(MESSAGES).content.decode()


def test_front_page_counts_what_came_in_and_practice_apart(admin_site):
    one = filed()
    submit_row(one)
    practice = filed(consultation=paper(is_rehearsal=True, title="Rehearsal: a demonstration", reference=""))
    old = ResponseFactory()
    submit_row(old, at=datetime.now(UTC) - timedelta(days=3))
    withdrawn = {"state": "withdrawn", "withdrawn_at": datetime.now(UTC), "withdrawal_reason": "A mistake."}
    Response.objects.filter(pk__in=[practice.pk, old.pk]).update(**withdrawn)
    came_in = admin_site.get("/admin/").context["today"]["came_in"]
    assert came_in["counts"] == [("new", "1"), ("amended", "1"), ("withdrawn", "1"), ("to rehearsals", "1")]
    assert len(came_in["latest"]) == 3


def test_front_page_says_what_closes_opens_and_failed(admin_site):
    soon = paper(title="Closes first", closes_at=datetime.now(UTC) + timedelta(hours=30))
    paper(title="Closes later", closes_at=datetime.now(UTC) + timedelta(days=9))
    ConsultationFactory(scheduled=True, title="Opens tomorrow")
    ConsultationFactory(draft=True, title="Being written")
    paper(is_rehearsal=True, title="Practice")
    message(1, state=State.FAILED, reason="no such mailbox")
    message(2, due_at=datetime.now(UTC) - timedelta(hours=1))
    rolling = ConsultationFactory(title="Never closes")
    today = admin_site.get("/admin/").context["today"]
    assert [row["name"] for row in today["rolling"]] == [str(rolling)]
    assert [row["name"] for row in today["closing"]] == [str(soon), today["closing"][1]["name"]]
    assert today["closing"][0]["left"] == "29 hours left"
    assert "Closes later" in today["closing"][1]["name"]
    assert [row["name"].split(" ", 1)[1] for row in today["opening"]] == ["Opens tomorrow"]
    assert [row["name"].split(" ", 1)[1] for row in today["drafts"]] == ["Being written"]
    assert [row["name"].split(" ", 1)[1] for row in today["rehearsals"]] == ["Practice"]
    assert (today["post"]["failed"], today["post"]["waiting"], today["post"]["late"]) == ("1", "1", True)


def test_consultations_sort_by_status_and_long_names_end_in_dots(admin_site):
    named = (
        "A consultation on how every kind of crypto-asset that there is or may be is issued, kept, lent and traded here"
    )
    ConsultationFactory(draft=True, title=named, reference="DEMO-LONG/26")
    paper(closes_at=datetime.now(UTC) - timedelta(days=2))
    paper()
    assert [row.status for row in listed(admin_site, PAPERS, o="1")] == ["closed", "draft", "open"]
    assert f"{f'DEMO-LONG/26 {named}'[:119].rstrip()}…" in admin_site.get(PAPERS).content.decode()


def test_consultations_say_when_the_last_part_closed(admin_site):
    paper(closes_at=datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC))
    assert "Closed 12 November 2025" in admin_site.get(PAPERS).content.decode()
