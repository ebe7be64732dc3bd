"""Pages by key set: every row once, forwards and back, with ties, nulls and rows that come in between."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consultations.models import Consultation
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/api/v1/consultations/"


@pytest.fixture
def papers():
    """Seven with ties in when they were published, three of them drafts; four close at two moments ahead."""
    now = timezone.now()
    made = [factories.ConsultationFactory(published_at=now - timedelta(days=day)) for day in (1, 1, 1, 2)]
    for paper, days in zip(made, (5, 5, 3, 3), strict=True):
        factories.DeadlineFactory(consultation=paper, closes_at=now + timedelta(days=days))
    return made + [factories.ConsultationFactory(draft=True) for _ in range(3)]


def walk(caller, address, link="next"):
    """Every page's codes, following the links."""
    pages = []
    while address:
        answer = caller.get(address)
        assert answer.status_code == 200, answer.json()
        pages.append([row["code"] for row in answer.json()["results"]])
        last, address = address, answer.json()[link]
    return pages, last


@pytest.mark.parametrize("ordering", ["newest", "closing"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_every_row_once_forwards_and_back(call, papers, size, ordering):
    caller = call(factories.StaffFactory(rights=["consultations.view_consultation"]))
    first = f"{LIST}?ordering={ordering}&page_size={size}"
    whole = [row["code"] for row in caller.get(f"{LIST}?ordering={ordering}").json()["results"]]
    forwards, last = walk(caller, first)
    assert [code for page in forwards for code in page] == whole
    assert len(whole) == len(papers)
    assert all(len(page) == size for page in forwards[:-1])
    back, _ = walk(caller, last, "previous")
    assert [code for page in reversed(back) for code in page] == whole


def test_a_row_that_comes_in_between_moves_nothing(call):
    for _ in range(4):
        factories.ConsultationFactory()
    first = call().get(f"{LIST}?page_size=2").json()
    factories.ConsultationFactory(published_at=timezone.now())
    second = call().get(first["next"]).json()
    seen = [row["code"] for row in first["results"] + second["results"]]
    assert seen == list(Consultation.objects.order_by("published_at", "-id").values_list("code", flat=True))[:4] or (
        len(set(seen)) == 4
    )


def test_the_first_and_last_page_say_so(call, papers):
    first = call().get(f"{LIST}?page_size=2").json()
    last = call().get(first["next"]).json()
    assert (first["previous"], last["next"]) == (None, None)
    assert call().get(last["previous"]).json() == first


def test_filters_stay_on_the_links(call, papers):
    answer = call().get(f"{LIST}?page_size=1&status=open&status=closed").json()
    assert "status=open&status=closed" in answer["next"]


def test_a_cursor_is_good_for_its_own_list_and_order(call, papers):
    cursor = call().get(f"{LIST}?page_size=1").json()["next"].split("cursor=")[1].split("&")[0]
    for address in (f"{LIST}?ordering=closing&cursor={cursor}", f"{LIST}?cursor={cursor[:-2]}"):
        assert call().get(address).status_code == 400
    firm = factories.member(factories.OrganisationFactory())
    assert call(firm).get(f"/api/v1/responses/?cursor={cursor}").status_code == 400


def test_a_page_at_any_depth_enters_the_index_at_its_row(call, papers, django_assert_num_queries):
    address = call().get(f"{LIST}?page_size=1").json()["next"]
    with django_assert_num_queries(3) as captured:
        call().get(address)
    finding = captured.captured_queries[1]["sql"]
    assert finding.count('"published_at" <=') >= 2  # what is public, and where the page begins
    assert "OFFSET" not in finding
