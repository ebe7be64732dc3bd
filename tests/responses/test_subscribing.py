"""responses/subscribing.py: a calendar at an address that only one person knows."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from accounts.models import Role
from accounts.record import By
from responses import subscribing
from responses.models import CalendarAddress
from tests.factories import (
    AuthorityFactory,
    FollowFactory,
    OrganisationFactory,
    ResponseFactory,
    UserFactory,
    member,
    paper,
    submit_row,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 10, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today(freeze):
    freeze(NOW)


def a_paper(reference, **fields):
    return paper(
        reference=reference,
        **{"published_at": NOW - timedelta(days=3), "closes_at": NOW + timedelta(days=30), **fields},
    )


def path_of(user):
    return "/" + subscribing.address_of(user=user, now=NOW).split("/", 3)[3]


def held(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return {str(e["SUMMARY"]).split(" closes")[0]: e for e in Calendar.from_ical(response.content).events}


def test_it_holds_what_one_follows_and_answers_and_nothing_else(client):
    organisation, body = OrganisationFactory(name="Demonstration Firm A"), AuthorityFactory()
    person = member(organisation, Role.READER)
    followed, answered, muted, of_body, other = (
        a_paper(name) for name in ("FOLLOWED", "OWN", "MUTED", "BODY", "OTHER")
    )
    muted.authorities.set([body])
    of_body.authorities.set([body])
    FollowFactory(user=person, consultation=followed)
    FollowFactory(user=person, consultation=muted, muted=True)
    FollowFactory(user=person, consultation=None, authority=body)
    submit_row(ResponseFactory(consultation=answered, organisation=organisation))
    ResponseFactory(consultation=followed, organisation=OrganisationFactory(name="Demonstration Firm B"))
    ResponseFactory(consultation=other)

    entries = held(client, path_of(person))

    assert set(entries) == {"FOLLOWED", "OWN", "BODY"}
    assert "Demonstration Firm A: submitted, version 1" in entries["OWN"]["DESCRIPTION"]
    assert "Demonstration Firm" not in entries["FOLLOWED"]["DESCRIPTION"]


def test_the_address_is_ones_own_and_can_be_renewed(client):
    person, stranger = UserFactory(), UserFactory()
    old = path_of(person)
    assert old == path_of(person)
    assert old != path_of(stranger)
    assert held(client, old) == {}

    client.force_login(person)
    assert subscribing.address_of(user=person, now=NOW) in client.get("/responses/calendar/").content.decode()
    assert client.post("/responses/calendar/renew/").status_code == 302
    assert client.get(old).status_code == 404
    assert held(client, path_of(person)) == {}


def test_a_made_up_address_and_that_of_one_who_left_open_nothing(client):
    person = UserFactory()
    path = path_of(person)
    row = person.calendar_address

    for wrong in (row.nonce.hex, f"{row.nonce.hex}~x", "~", "x"):
        assert client.get(f"/responses/calendar/{wrong}.ics").status_code == 404
    person.is_active = False
    person.save()
    assert client.get(path).status_code == 404


def test_it_is_not_for_caches_and_is_not_sent_twice(client):
    path = path_of(UserFactory())
    first = client.get(path)
    assert "private" in first["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in first
    assert client.get(path, headers={"if-none-match": first["ETag"]}).status_code == 304


def test_its_cost_does_not_grow(client, django_assert_num_queries):
    organisation = OrganisationFactory()
    person = member(organisation)
    path = path_of(person)
    for count in (1, 2):
        for number in range(count):
            ResponseFactory(consultation=a_paper(f"P{count}{number}"), organisation=organisation)
        with django_assert_num_queries(4):
            client.get(path)


@pytest.mark.parametrize(("method", "path"), [("get", "/responses/calendar/"), ("post", "/responses/calendar/renew/")])
def test_the_page_is_for_those_who_have_signed_in(client, method, path):
    response = getattr(client, method)(path)
    assert response.status_code == 302
    assert "/account/login/" in response["Location"]


def test_an_organisation_has_a_calendar_of_its_own_while_it_wants_one(client):
    """What it follows and answers, not what its people do; the same entries as theirs; renewed and ended by its
    administrators alone."""
    firm, body = OrganisationFactory(name="Demonstration Firm A"), AuthorityFactory()
    admin, drafter, rival = member(firm), member(firm, Role.DRAFTER), member(OrganisationFactory())
    followed, answered, of_person, of_body, other = (
        a_paper(name) for name in ("FOLLOWED", "OWN", "PERSON", "BODY", "OTHER")
    )
    of_body.authorities.set([body])
    FollowFactory(user=None, organisation=firm, consultation=followed)
    FollowFactory(user=None, organisation=firm, authority=body)
    FollowFactory(user=admin, consultation=of_person)
    FollowFactory(user=None, organisation=rival.organisations.get(), consultation=other)
    submit_row(ResponseFactory(consultation=answered, organisation=firm))
    ResponseFactory(consultation=followed, organisation=rival.organisations.get())
    change = f"/responses/calendar/organisations/{firm.code}/"
    for person, status in ((rival, 404), (drafter, 403)):
        client.force_login(person)
        assert client.post(change).status_code == status
        assert "Demonstration Firm A" not in client.get("/responses/calendar/").content.decode()

    def path():
        client.force_login(admin)
        assert client.post(change).status_code == 302
        url = subscribing.url_of(CalendarAddress.objects.get(organisation=firm))
        assert url in client.get("/responses/calendar/").content.decode()
        client.logout()
        return "/" + url.split("/", 3)[3]

    first = path()
    entries = held(client, first)
    assert set(entries) == {"FOLLOWED", "OWN", "BODY"}
    assert "Demonstration Firm A: submitted, version 1" in entries["OWN"]["DESCRIPTION"]
    assert "Firm" not in entries["FOLLOWED"]["DESCRIPTION"]  # a rival's draft is nobody else's business
    own = held(client, path_of(admin))["OWN"]
    assert (own["UID"], own["SEQUENCE"]) == (entries["OWN"]["UID"], entries["OWN"]["SEQUENCE"])
    type(answered).objects.filter(pk=answered.pk).update(withdrawn_at=NOW, withdrawal_reason="Not needed.")
    gone = held(client, first)["Withdrawn: OWN"]
    assert (gone["UID"], gone["SEQUENCE"], gone["STATUS"]) == (own["UID"], own["SEQUENCE"] + 1, "CANCELLED")

    second = path()
    assert [client.get(each).status_code for each in (first, second)] == [404, 200]
    firm.memberships.exclude(user=admin).delete()
    admin.is_active = False
    admin.save()
    assert client.get(second).status_code == 404  # nobody belongs to it any more
    admin.is_active = True
    admin.save()
    client.force_login(admin)
    client.post(change, {"end": "1"})
    assert client.get(second).status_code == 404


def test_the_cost_of_an_organisations_calendar_does_not_grow(client, django_assert_num_queries):
    firm = OrganisationFactory()
    by = By(user=member(firm), door="page")
    path = "/" + subscribing.url_of(subscribing.renew_for(organisation=firm, by=by)).split("/", 3)[3]
    for count in (1, 2):
        for number in range(count):
            ResponseFactory(consultation=a_paper(f"P{count}{number}"), organisation=firm)
        with django_assert_num_queries(6):
            client.get(path)
