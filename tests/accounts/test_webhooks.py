"""accounts/webhooks.py, calling.py and reaching.py: told once, signed, tried again, never into a private network."""

import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from standardwebhooks import Webhook as Verifier

from accounts import calling, reaching, webhooks
from accounts.models import Role, Webhook, WebhookDelivery, WebhookEvent
from accounts.record import By
from consultations import publishing
from consultations.models import Consultation
from notifications.refusal import Refusal
from responses import submission
from tests.factories import (
    AnswerFactory,
    OrganisationFactory,
    OutcomeFactory,
    ResponseFactory,
    UserFactory,
    member,
    paper,
)
from tests.live import free_port

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOUNDINGS = By(user=None, door="command")
EVERYTHING = list(WebhookEvent.values)


@contextmanager
def program(*answers):
    """A program at an address of this machine's that answers in turn, the last one for ever."""
    got, left = [], list(answers) or [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])).decode(), self.path))
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?a=b", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def here(settings, freeze):
    settings.WEBHOOKS_MAY_CALL_LOOPBACK = True
    freeze(NOW)


@pytest.fixture
def firm():
    return OrganisationFactory(name="Demonstration Firm A")


def by(person):
    return By(user=person, door="page")


def hook(organisation, url="http://127.0.0.1:9/", events=EVERYTHING):
    return Webhook.objects.create(organisation=organisation, url=url, events=events, created_at=NOW)


def owed(**fields):
    return sorted(WebhookDelivery.objects.filter(**fields).values_list("event", flat=True))


def test_each_event_is_owed_once_to_who_asked_for_it(firm):
    other = hook(OrganisationFactory(), events=["outcome.published"])
    mine = hook(firm)
    person = member(firm, Role.SUBMITTER)
    consultation = paper(closes_at=NOW + timedelta(days=9), published_at=NOW - timedelta(days=1), questions=1)
    Consultation.objects.update(announced_at=None)
    from consultations import announcing

    announcing.announce_due(NOW)
    announcing.announce_due(NOW)
    deadline = consultation.deadlines.get()
    publishing.extend_deadline(deadline=deadline, closes_at=NOW + timedelta(days=20), reason="Asked.", by=SOUNDINGS)
    publishing.publish_outcome(outcome=an_outcome(consultation), by=SOUNDINGS)
    response = ResponseFactory(
        consultation=consultation, organisation=firm,
        text_consent="publish", name_consent="list", foi_position="no_objection",
    )  # fmt: skip
    question = consultation.sections.first().questions.first()
    answer = AnswerFactory(response=response, question=question, text="A secret word")
    submission.submit(response=response, by=by(person))
    answer.text = "Another secret word"
    answer.save()
    submission.submit(response=response, by=by(person))
    submission.withdraw(response=response, reason="A mistake.", by=by(person))
    publishing.withdraw(consultation=consultation, reason="Not needed.", by=SOUNDINGS)

    assert owed(webhook=mine) == sorted(EVERYTHING)
    assert owed(webhook=other) == ["outcome.published"]
    assert "secret word" not in json.dumps(list(WebhookDelivery.objects.values_list("data", flat=True)))


def an_outcome(consultation):
    outcome = OutcomeFactory(published_at=None)
    outcome.consultations.set([consultation])
    return outcome


def test_a_rehearsal_is_told_to_no_program(firm):
    hook(firm)
    consultation = paper(closes_at=NOW + timedelta(days=9), published_at=NOW - timedelta(days=1), is_rehearsal=True)
    publishing.withdraw(consultation=consultation, reason="Over.", by=SOUNDINGS)
    assert owed() == []


def owe(number=1):
    return webhooks.owe(event=WebhookEvent.CONSULTATION_OPENED, key=str(number), data={"number": number}, now=NOW)


def test_it_is_signed_in_the_standard_form_and_never_sent_twice(firm):
    with program() as (url, got):
        mine = hook(firm, url)
        assert (owe(), owe()) == (1, 0)
        assert calling.call_due(now=NOW) == 1
        assert calling.call_due(now=NOW) == 0

    ((headers, body, path),) = got
    assert path == "/hook?a=b"
    told = Verifier(webhooks.secret_of(mine)).verify(body, headers)
    assert told == {"type": "consultation.opened", "timestamp": "2026-03-02T09:00:00Z", "data": {"number": 1}}
    assert headers["webhook-id"] == f"msg_{WebhookDelivery.objects.get().reference.hex}"


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_what_is_not_accepted_is_tried_again_later_under_the_same_id(firm, answer):
    with program(answer, 200) as (url, got):
        hook(firm, url)
        owe()
        assert calling.call_due(now=NOW) == 0
        assert WebhookDelivery.objects.get().said == f"It said {answer}"
        assert calling.call_due(now=NOW + timedelta(seconds=1)) == 0
        assert calling.call_due(now=NOW + timedelta(minutes=1)) == 1
    assert [path for _, _, path in got] == ["/hook?a=b"] * 2
    assert len({headers["webhook-id"] for headers, _, _ in got}) == 1


def test_it_is_given_up_in_the_end_and_can_be_replayed_by_an_administrator(firm):
    admin, reader = member(firm, Role.ADMIN), member(firm, Role.READER)
    with program(*[500] * (len(calling.WAITS) + 1), 200) as (url, got):
        hook(firm, url)
        owe()
        for day in range(30):
            calling.call_due(now=NOW + timedelta(days=2 * day))
        delivery = WebhookDelivery.objects.get()
        assert (delivery.state, delivery.attempts) == ("failed", len(calling.WAITS) + 1)
        for person in (reader, UserFactory()):
            with pytest.raises(Refusal):
                webhooks.replay(by=by(person), delivery=delivery)
        webhooks.replay(by=by(admin), delivery=delivery)
        assert calling.call_due(now=NOW) == 1
    assert len({headers["webhook-id"] for headers, _, _ in got}) == 1


def test_an_address_that_is_gone_is_called_no_more(firm):
    with program(410) as (url, _):
        hook(firm, url)
        owe()
        calling.call_due(now=NOW)
        assert owe(2) == 0
    assert WebhookDelivery.objects.get().state == "failed"


def test_a_worker_that_died_leaves_its_row_to_the_next(firm):
    with program() as (url, _):
        hook(firm, url)
        owe()
        (row,) = calling._claim(NOW)
        assert calling._claim(NOW) == []
        WebhookDelivery.objects.update(claimed_until=datetime(2000, 1, 1, tzinfo=UTC))
        assert calling.call_due(now=NOW) == 1
        assert calling._note(row, "It came too late", NOW) is False
    assert WebhookDelivery.objects.get().state == "sent"


def test_no_more_are_taken_at_once_than_are_called_however_it_is_planned(firm, subqueries_run_again, monkeypatch):
    monkeypatch.setattr(calling, "BATCH", 2)
    for _ in range(5):
        hook(OrganisationFactory())
    owe()

    assert [len(calling._claim(NOW)) for _ in range(4)] == [2, 2, 1, 0]


def test_a_dead_address_holds_up_nobody(firm):
    dead = hook(firm, f"http://127.0.0.1:{free_port()}/")
    with program() as (url, got):
        hook(firm, url)
        for number in range(3):
            owe(number)
        calling.call_due(now=NOW)
    assert len(got) == 3
    assert "No answer" in WebhookDelivery.objects.filter(webhook=dead).first().said


# --- No reach into private networks -----------------------------------------------------------------------------------
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:0001::", "2002:a00:1::", "::10.0.0.1", "64:ff9b:1::1", "fec0::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_called_however_it_is_written(address, settings):
    settings.WEBHOOKS_MAY_CALL_LOOPBACK = False
    assert not reaching.may_be_called(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_may_be_called(address):
    assert reaching.may_be_called(address)


@pytest.mark.parametrize("url", [
    "http://example.org/", "ftp://example.org/", "https://user:secret@example.org/", "https:///path",
    "https://example.org:25/", "https://example.org:x/", "https://10.0.0.1/", "https://[::1]/", "https://2130706433/",
    "https://localhost/", "javascript:alert(1)",
])  # fmt: skip
def test_such_an_address_is_refused_where_it_was_typed(firm, url, settings):
    settings.WEBHOOKS_MAY_CALL_LOOPBACK = False
    with pytest.raises(Refusal) as refusal:
        webhooks.create(by=by(member(firm, Role.ADMIN)), organisation=firm, url=url, events=EVERYTHING)
    assert refusal.value.field == "url"
    assert not Webhook.objects.exists()


def test_an_address_that_no_request_could_hold_is_refused_where_it_was_typed(firm, settings):
    settings.WEBHOOKS_MAY_CALL_LOOPBACK = True
    with pytest.raises(Refusal, match="ASCII"):
        webhooks.create(
            by=by(member(firm, Role.ADMIN)), organisation=firm, url="http://127.0.0.1:8009/é", events=EVERYTHING
        )


def test_one_private_address_among_public_ones_refuses_the_host(settings, monkeypatch):
    settings.WEBHOOKS_MAY_CALL_LOOPBACK = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(reaching.CannotReach, match="private network"):
        reaching.post("https://example.org/", body=b"", headers={})


def test_it_is_asked_again_at_each_call_and_the_checked_address_is_the_one_called(firm, settings, monkeypatch):
    """A name that comes to mean a private address later is not called; and no second look-up can change it."""
    hook(firm, "https://rebinding.example/")
    owe()
    settings.WEBHOOKS_MAY_CALL_LOOPBACK = False
    asked, called = [], []

    def look_up(*args, **options):
        asked.append(args)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]

    def connect(address, **_):
        called.append(address[0])
        raise OSError("stop here")

    monkeypatch.setattr(reaching.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(reaching.socket, "create_connection", connect)
    with pytest.raises(reaching.CannotReach, match="No answer"):
        reaching.post("https://rebinding.example/", body=b"", headers={})
    with pytest.raises(reaching.CannotReach, match="private network"):
        reaching.post("https://rebinding.example/", body=b"", headers={})
    assert called == ["93.184.216.34"]


def test_where_the_first_address_takes_no_connection_the_others_are_tried(firm, monkeypatch):
    """Of a host with several; nothing is said to one before another, and the host's name stays what is asked for."""
    dead = "127.0.0.2"
    with program() as (url, got):
        port = int(url.split(":")[2].split("/")[0])
        monkeypatch.setattr(reaching, "_addresses", lambda *_: [dead, "127.0.0.1"])
        hook(firm, f"http://several.example:{port}/hook")
        owe()
        assert calling.call_due(now=NOW) == 1
    assert [headers["Host"] for headers, _, _ in got] == [f"several.example:{port}"]


def test_addresses_share_the_ten_seconds_and_the_last_says_why(monkeypatch):
    passed, waits = [0.0], []

    def connect(address, timeout):
        waits.append((address[0], timeout))
        passed[0] += timeout
        raise TimeoutError(f"{address[0]} timed out")

    monkeypatch.setattr(reaching.time, "monotonic", lambda: passed[0])
    monkeypatch.setattr(reaching.socket, "create_connection", connect)
    monkeypatch.setattr(reaching, "_addresses", lambda *_: ["93.184.216.34", "93.184.216.35"])
    with pytest.raises(reaching.CannotReach, match=r"216\.35 timed out"):
        reaching.post("https://several.example/", body=b"", headers={})
    assert waits == [("93.184.216.34", 5), ("93.184.216.35", 5)]

    waits.clear()
    monkeypatch.setattr(reaching, "_addresses", lambda *_: [f"93.184.216.{last}" for last in range(1, 41)])
    with pytest.raises(reaching.CannotReach):
        reaching.post("https://several.example/", body=b"", headers={})
    assert len(waits) == 10
    assert {timeout for _, timeout in waits} == {1}


def test_for_a_day_after_its_secret_was_renewed_both_sign(firm):
    admin = member(firm, Role.ADMIN)
    with program() as (url, got):
        mine = hook(firm, url)
        old = webhooks.secret_of(mine)
        new = webhooks.renew(by=by(admin), webhook=mine, now=NOW)
        for number, moment in enumerate((NOW, NOW + timedelta(hours=24))):
            owe(number)
            calling.call_due(now=moment)

    (during, body, _), (after, _, _) = got
    assert old != new
    assert len(during["webhook-signature"].split(" ")) == 2
    assert Verifier(old).verify(body, during) == Verifier(new).verify(body, during)
    assert len(after["webhook-signature"].split(" ")) == 1
    assert new == webhooks.secret_of(Webhook.objects.get())


# --- The pages --------------------------------------------------------------------------------------------------------
def test_an_administrator_makes_one_sees_its_log_and_removes_it(firm, client):
    client.force_login(member(firm, Role.ADMIN))
    base = f"/organisation/{firm.code}/webhooks/"

    with program() as (url, _):
        made = client.post(f"{base}new/", {"url": url, "events": ["consultation.opened"]})
        row = Webhook.objects.get()
        assert made.url == f"{base}{row.code}/secret/"
        assert webhooks.secret_of(row) in client.get(made.url).content.decode()
        assert client.get(made.url).url == f"{base}{row.code}/"
        owe()
        calling.call_due(now=NOW)
    shown = client.get(f"{base}{row.code}/").content.decode()
    assert "Accepted (200)" in shown
    assert webhooks.secret_of(row) not in shown
    assert url.replace("&", "&amp;") in client.get(base).content.decode()
    reference = WebhookDelivery.objects.get().reference
    assert client.post(f"{base}{row.code}/{reference}/replay/").status_code == 302
    assert WebhookDelivery.objects.get().state == "pending"
    renewed = client.post(f"{base}{row.code}/renew/")
    row.refresh_from_db()
    assert webhooks.secret_of(row) in client.get(renewed.url).content.decode()
    assert "signed with the one before as well until" in client.get(f"{base}{row.code}/").content.decode()
    assert client.post(f"{base}{row.code}/remove/").status_code == 302
    assert not Webhook.objects.exists()


def test_a_wrong_address_is_said_at_its_field_and_what_was_typed_is_kept(firm, client):
    client.force_login(member(firm, Role.ADMIN))
    response = client.post(
        f"/organisation/{firm.code}/webhooks/new/", {"url": "https://10.0.0.1/x", "events": EVERYTHING}
    )
    assert response.status_code == 400
    assert "private network" in response.content.decode()
    assert "https://10.0.0.1/x" in response.content.decode()


def test_nobody_else_sees_them(firm, client):
    row = hook(firm)
    owe()
    reference = WebhookDelivery.objects.get().reference
    base = f"/organisation/{firm.code}/webhooks/"
    pages = [base, f"{base}new/", f"{base}{row.code}/", f"{base}{row.code}/remove/"]
    for person, status in ((None, 302), (UserFactory(), 404), (member(OrganisationFactory()), 404),
                           (member(firm, Role.SUBMITTER), 403)):  # fmt: skip
        client.logout()
        if person:
            client.force_login(person)
        for address in pages:
            assert client.get(address).status_code == status, (person, address)
        assert client.post(f"{base}{row.code}/{reference}/replay/").status_code == status
        assert client.post(f"{base}{row.code}/remove/").status_code == status
    assert Webhook.objects.count() == 1
    other = OrganisationFactory()
    client.force_login(member(other, Role.ADMIN))
    assert client.get(f"/organisation/{other.code}/webhooks/{row.code}/").status_code == 404
