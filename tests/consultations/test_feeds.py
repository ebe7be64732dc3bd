"""consultations/feeds.py and its pages: everybody reads the same, and what is known is not sent again."""

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from icalendar import Calendar

from accounts.record import By
from consultations import publishing
from tests.factories import AuthorityFactory, OutcomeFactory, TopicFactory, paper, paper_with_two_deadlines

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 10, 1, 9, tzinfo=UTC)
SOUNDINGS = By(user=None, door="command")
ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = [
    "/feeds/deadlines.ics",
    "/feeds/consultations.atom",
    "/feeds/consultations.json",
    "/feeds/changes.atom",
    "/feeds/changes.json",
]


@pytest.fixture(autouse=True)
def today(freeze):
    freeze(NOW)


def a_paper(reference, *, days=30, **fields):
    fields = {"published_at": NOW - timedelta(days=3), "closes_at": NOW + timedelta(days=days), **fields}
    return paper(reference=reference, **fields)


def events(client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    return {str(event["SUMMARY"]).split(" closes")[0]: event for event in Calendar.from_ical(response.content).events}


def titles(client, address):
    return [item["title"].split(" ")[0] for item in json.loads(client.get(address).content)["items"]]


def test_only_what_is_public_is_fed(client):
    shown = a_paper("SHOWN")
    a_paper("DRAFT", published_at=None)
    a_paper("LATER", published_at=NOW + timedelta(days=1))
    rehearsal = a_paper("DRILL", is_rehearsal=True, rehearsal_of=shown)

    assert set(events(client, "/feeds/deadlines.ics")) == {"SHOWN"}
    assert titles(client, "/feeds/consultations.json") == ["SHOWN"]
    assert set(events(client, f"/consultations/{rehearsal.code}/deadlines.ics")) == {"Rehearsal: DRILL"}
    for address in FEEDS:
        said = client.get(address).content.decode()
        assert "SHOWN" in said
        assert not any(hidden in said for hidden in ("DRAFT", "LATER", "DRILL"))


def test_a_feed_is_narrowed_by_each_filter(client):
    body, topic = AuthorityFactory(jurisdiction="US"), TopicFactory()
    first, second = a_paper("FIRST", kind="anprm"), a_paper("SECOND")
    first.authorities.set([body])
    first.topics.add(topic)

    for asked in (f"authority={body.slug}", f"topic={topic.slug}", "kind=anprm", "jurisdiction=US",
                  f"consultation={first.code}"):  # fmt: skip
        assert set(events(client, f"/feeds/deadlines.ics?{asked}")) == {"FIRST"}, asked
        assert titles(client, f"/feeds/consultations.json?{asked}") == ["FIRST"], asked
        assert titles(client, f"/feeds/changes.json?{asked}") == ["Published:"], asked
    assert set(events(client, f"/consultations/{second.code}/deadlines.ics")) == {"SECOND"}


@pytest.mark.parametrize("asked", ["authority=none", "topic=none", "kind=none", "jurisdiction=FR", "consultation=none"])
@pytest.mark.parametrize("address", FEEDS)
def test_a_filter_that_names_nothing_is_refused(client, address, asked):
    response = client.get(f"{address}?{asked}")

    assert response.status_code == 400
    assert "There is no" in response.content.decode()


def test_changes_tell_what_happened(client):
    consultation = a_paper("DEMO1")
    deadline = consultation.deadlines.get()
    publishing.extend_deadline(
        deadline=deadline, closes_at=deadline.closes_at + timedelta(days=9), reason="Asked for.", by=SOUNDINGS,
        now=NOW - timedelta(hours=3),
    )  # fmt: skip
    outcome = OutcomeFactory(published_at=NOW - timedelta(hours=2), title="Rules <made> & kept")
    outcome.consultations.set([consultation])
    publishing.withdraw(consultation=consultation, reason="Not needed.", by=SOUNDINGS, now=NOW - timedelta(hours=1))

    told = json.loads(client.get("/feeds/changes.json").content)
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["_soundings"]["event"] for item in told["items"]] == ["withdrawn", "outcome", "extended", "published"]
    assert told["items"][2]["_soundings"]["deadline"]["new_closes_at"] == "2025-11-09T09:00:00Z"

    feed = ElementTree.fromstring(client.get("/feeds/changes.atom").content)
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.find(f"{ATOM}id").text for entry in entries] == [item["id"] for item in told["items"]]
    assert all(entry.find(f"{ATOM}updated").text for entry in entries)
    assert "Rules <made> & kept" in entries[1].find(f"{ATOM}title").text
    assert feed.find(f"{ATOM}updated").text == "2025-10-01T08:00:00+00:00"

    (event,) = events(client, "/feeds/deadlines.ics").values()
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 3)


@pytest.mark.parametrize("address", FEEDS)
def test_what_the_reader_has_is_not_sent_again(client, address):
    consultation = a_paper("DEMO1")
    first = client.get(address)
    assert first["Cache-Control"] == "public, max-age=300"
    assert not first.cookies

    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 304
    assert client.get(address, headers={"if-modified-since": first["Last-Modified"]}).status_code == 304
    publishing.withdraw(consultation=consultation, reason="Not needed.", by=SOUNDINGS)
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200
    assert client.get(address, headers={"if-modified-since": first["Last-Modified"]}).status_code == 200


@pytest.mark.parametrize("address", FEEDS)
def test_an_empty_feed_is_a_feed(client, address):
    first, second = client.get(address), client.get(address)
    assert first.status_code == 200
    assert first["ETag"] == second["ETag"]


@pytest.mark.parametrize(("address", "queries"), list(zip(FEEDS, (2, 6, 6, 13, 13), strict=True)))
def test_a_feed_of_many_costs_the_queries_of_a_feed_of_one(client, address, queries, django_assert_num_queries):
    def one(number):
        consultation = paper_with_two_deadlines(reference=f"DEMO{number}", published_at=NOW - timedelta(days=3))
        consultation.topics.add(TopicFactory())
        deadline = consultation.deadlines.first()
        publishing.extend_deadline(
            deadline=deadline, closes_at=deadline.closes_at + timedelta(days=900), reason="Asked.", by=SOUNDINGS
        )
        OutcomeFactory(published_at=NOW).consultations.set([consultation])

    one(1)
    with django_assert_num_queries(queries):
        client.get(address)
    one(2)
    one(3)
    with django_assert_num_queries(queries):
        client.get(address)


def test_pages_lead_to_their_feeds(client):
    consultation = a_paper("DEMO1")

    detail = client.get(f"/consultations/{consultation.code}/").content.decode()
    assert (
        f'type="text/calendar" title="Deadlines (calendar)" href="/consultations/{consultation.code}/deadlines.ics"'
        in detail
    )
    assert f'href="/feeds/changes.atom?consultation={consultation.code}"' in detail
    listed = client.get("/").content.decode()
    for address in FEEDS:
        assert f'href="{address}"' in listed
        assert f'href="{address}"' in client.get("/feeds/").content.decode()
    assert client.get("/consultations/NONE/deadlines.ics").status_code == 404
