"""notifications/delivery.py against a mail server that says yes, no, later, and hangs up."""

import time
from datetime import timedelta

import pytest
from django.core.checks import run_checks

from notifications import delivery, doubt, outbox, provider
from notifications.models import Notification, Priority, State
from tests.live import free_port
from tests.notifications.conftest import NOW

pytestmark = pytest.mark.django_db


def deliver(**options):
    return outbox.deliver(now=options.pop("now", NOW), worker="test", **options)


def states() -> dict[str, str]:
    return dict(Notification.objects.values_list("key", "state"))


def test_what_is_due_is_sent_once_and_what_is_not_waits(owe, server):
    owe("now")
    owe("long_ago", due_at=NOW - timedelta(days=3))
    owe("later", due_at=NOW + timedelta(seconds=1))

    first, second = deliver(), deliver()

    assert (first.sent, second.sent) == (2, 0)
    assert server.addresses() == ["long_ago@example.org", "now@example.org"]
    assert states() == {"now": "sent", "long_ago": "sent", "later": "pending"}
    row = Notification.objects.get(key="now")
    assert (row.sent_at, row.subject, row.reason, row.claimed_by) == (NOW, "Plain", "", "")


def test_the_urgent_goes_first_over_one_connection(owe, server):
    owe("reminder", priority=Priority.REMINDER)
    owe("receipt", priority=Priority.RECEIPT)
    owe("news", priority=Priority.NEWS)

    deliver()

    assert [address.split("@")[0] for address, _ in server.taken] == ["receipt", "news", "reminder"]
    assert server.connections == 1


def test_what_is_no_longer_wanted_is_passed_over_with_its_reason(owe, server):
    owe("a", kind="unwanted")
    owe("b")

    counts = deliver()

    assert (counts.skipped, counts.sent) == (1, 1)
    row = Notification.objects.get(key="a")
    assert (row.state, row.reason, row.sent_at) == (State.SKIPPED, "Nobody wants it.", None)


def test_a_fault_in_one_message_holds_up_no_other_and_is_given_up_at_last(owe, server, caplog):
    owe("a", kind="broken", priority=Priority.ACCOUNT)
    owe("b")

    assert deliver().sent == 1

    row = Notification.objects.get(key="a")
    assert (row.state, row.attempts) == (State.PENDING, 1)
    assert row.due_at > NOW
    assert "a fault of the program" in row.reason
    assert "Traceback" in caplog.text
    for day in range(1, 9):
        deliver(now=NOW + timedelta(days=day))
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.FAILED, 5)


def test_a_recipient_refused_for_good_fails_and_the_rest_go(owe, server):
    server.say["a@example.org"] = "550 no such person"
    owe("a")
    owe("b")

    counts = deliver()

    assert (counts.failed, counts.sent) == (1, 1)
    assert Notification.objects.get(key="a").reason == "The mail server refused it: 550 no such person"


def test_a_recipient_put_off_is_tried_later_and_later_still(owe, server):
    server.say["a@example.org"] = "450 mailbox busy"
    owe("a")
    waits = []
    now = NOW
    for _ in range(6):
        deliver(now=now)
        row = Notification.objects.get()
        assert row.state == State.PENDING
        waits.append(row.due_at - now)
        now = row.due_at
    minutes = [wait / timedelta(minutes=1) for wait in waits]
    assert all(0.8 * 2**n <= got <= 1.2 * 2**n for n, got in enumerate(minutes)), minutes

    server.say.clear()
    deliver(now=now - timedelta(seconds=1))
    assert not server.taken
    deliver(now=now)
    assert server.addresses() == ["a@example.org"]
    assert Notification.objects.get().reason == ""


def test_a_recipient_put_off_for_days_fails_in_the_end(owe, server):
    server.say["a@example.org"] = "450 mailbox busy"
    owe("a")
    now, tries = NOW, 0
    while Notification.objects.get().state == State.PENDING:
        deliver(now=now)
        now, tries = Notification.objects.get().due_at, tries + 1
        assert tries < 100
    assert Notification.objects.get().state == State.FAILED
    assert timedelta(days=4) < now - NOW < timedelta(days=7)


def test_content_refused_for_good_fails(owe, server):
    server.data = "554 this looks like spam"
    owe("a")

    assert deliver().failed == 1
    assert "554" in Notification.objects.get().reason


def test_a_server_that_tires_of_a_connection_is_called_again(owe, server):
    server.after = 2
    for number in range(5):
        owe(str(number))

    assert deliver().sent == 5
    assert server.addresses() == [f"{number}@example.org" for number in range(5)]
    assert server.connections == 3


def test_an_outage_fails_nothing_however_long(owe, settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    owe("a")
    owe("b")

    for minute in range(50):
        deliver(now=NOW + timedelta(minutes=minute))

    assert states() == {"a": "pending", "b": "pending"}
    assert set(Notification.objects.values_list("attempts", "due_at")) == {(0, NOW)}
    assert "Waiting for the mail server" in Notification.objects.get(key="a").reason


@pytest.fixture
def quick_doubt(settings):
    settings.SENDING_DOUBT_SECONDS = 0
    return settings


def test_a_line_that_breaks_after_the_content_leaves_doubt_and_the_provider_settles_it(
    owe, server, quick_doubt, monkeypatch
):
    asked = []
    monkeypatch.setattr(provider, "was_accepted", lambda message_id: asked.append(message_id) or True)
    server.hang_up = True
    row = owe("a")

    counts = deliver()
    assert (counts.in_doubt, counts.sent) == (1, 0)
    assert states() == {"a": "sending"}

    server.hang_up = False
    deliver()
    assert asked == [row.message_id]
    assert states() == {"a": "sent"}
    assert server.addresses() == ["a@example.org"]


def test_what_the_provider_does_not_have_goes_again(owe, server, quick_doubt, monkeypatch):
    monkeypatch.setattr(provider, "was_accepted", lambda message_id: False)
    server.hang_up, server.keeps = True, False
    owe("a")
    deliver()

    server.hang_up = False
    deliver()

    row = Notification.objects.get()
    assert (row.state, row.sent_again) == (State.SENT, False)
    assert server.addresses() == ["a@example.org"]


def test_without_anybody_to_ask_it_goes_again_under_the_same_message_id_and_says_so(owe, server, quick_doubt):
    quick_doubt.MAIL_LOOKUP_URL = ""
    server.hang_up = True
    row = owe("a")
    deliver()

    server.hang_up = False
    deliver()

    row.refresh_from_db()
    assert (row.state, row.sent_again) == (State.SENT, True)
    assert len(server.taken) == 2
    assert all(f"Message-ID: {row.message_id}".encode() in content for _, content in server.taken)


def test_while_the_provider_does_not_answer_the_doubt_stays(owe, server, quick_doubt):
    quick_doubt.MAIL_LOOKUP_URL = f"http://127.0.0.1:{free_port()}/"
    quick_doubt.SENDING_DOUBT_SECONDS = 1
    server.hang_up = True
    owe("a")
    deliver()
    server.hang_up = False
    Notification.objects.update(claimed_until=NOW - timedelta(days=400))

    deliver()

    assert states() == {"a": "sending"}
    assert len(server.taken) == 1


def test_doubt_about_one_message_does_not_come_back_with_an_outage_of_the_next(owe, server, settings):
    """The line breaks after the first message's content and the server is gone for the second."""
    server.hang_up = True
    owe("a", priority=Priority.ACCOUNT)
    owe("b")
    original = server.handle_DATA

    async def once(smtp, session, envelope):
        server.say["b@example.org"] = "421 going away"
        return await original(smtp, session, envelope)

    server.handle_DATA = once
    deliver()

    assert states() == {"a": "sending", "b": "pending"}


def test_claims_of_a_dead_worker_lapse(owe, server):
    owe("a")
    Notification.objects.update(state=State.CLAIMED, claimed_by="dead/1", claimed_until=NOW - timedelta(days=400))

    assert deliver().sent == 1


def test_claims_that_have_not_lapsed_are_left_alone(owe, server):
    row = owe("a")
    far = row.created_at + timedelta(hours=1)
    Notification.objects.update(state=State.CLAIMED, claimed_by="alive/1", claimed_until=far)

    assert deliver().sent == 0
    assert states() == {"a": "claimed"}


def test_a_worker_that_slept_past_its_lease_sends_nothing_of_it(owe, server, monkeypatch):
    """Another run takes the rows while this one is writing the first message."""
    from tests.notifications import kinds

    owe("a")
    owe("b")
    honest = kinds.plain

    def slow(notification, now):
        Notification.objects.filter(state=State.CLAIMED).update(claimed_by="other/1")
        return honest(notification, now)

    monkeypatch.setattr(kinds, "plain", slow)
    counts = deliver()

    assert counts.sent == 0
    assert not server.taken
    assert states() == {"a": "claimed", "b": "claimed"}


@pytest.mark.parametrize("answer", ["250 OK", "550 no such person"])
def test_a_secret_is_blanked_once_it_is_finished(owe, server, answer):
    server.say["a@example.org"] = answer if answer.startswith("5") else ""
    owe("a", payload={"secret": True, "text": "https://example.org/reset/abc"})

    deliver()

    assert Notification.objects.get().payload == {"secret": True}


def test_a_secret_is_kept_while_it_has_to_be_tried_again(owe, server):
    server.say["a@example.org"] = "450 mailbox busy"
    owe("a", payload={"secret": True, "text": "kept"})

    deliver()

    assert Notification.objects.get().payload["text"] == "kept"


def test_the_limit_holds(owe, server):
    for number in range(5):
        owe(str(number))

    assert deliver(limit=3).sent == 3


def test_the_limit_holds_however_it_is_planned(owe, server, subqueries_run_again):
    for number in range(5):
        owe(str(number))

    assert deliver(limit=3).sent == 3


def test_so_does_the_limit_of_the_doubtful(owe, server, subqueries_run_again, monkeypatch):
    monkeypatch.setattr(doubt, "BATCH", 3)
    for number in range(5):
        owe(str(number))
    Notification.objects.update(state=State.SENDING, claimed_until=NOW, sending_at=NOW)

    assert doubt.settle(now=NOW) == 3


@pytest.mark.parametrize("count", [1, 3])
def test_a_message_costs_one_statement(owe, server, count, django_assert_num_queries):
    """Beyond it: what lapsed (with its savepoint), what is in doubt, the circuit, two claims, one read, last mark."""
    for number in range(count):
        owe(str(number))

    with django_assert_num_queries(9 + count):
        assert deliver().sent == count


def test_a_process_that_slept_between_the_mark_and_the_content_lets_nothing_out(owe, server, quick_doubt, monkeypatch):
    """By then another may have asked the provider about it, heard "no", and sent it."""
    owe("a")
    real = delivery.Run._move_on

    def slow(run, **announced):
        moved = real(run, **announced)
        time.sleep(1.1)
        return moved

    monkeypatch.setattr(delivery.Run, "_move_on", slow)

    assert deliver().sent == 0
    assert server.taken == []
    assert states() == {"a": "pending"}


def test_a_server_that_takes_long_to_agree_is_given_no_content(owe, server, quick_doubt, monkeypatch):
    """Each step has a patience of its own, and together they could outlast the doubt period."""
    owe("a")
    real = server.handle_RCPT

    async def slow(*given):
        time.sleep(1.1)
        return await real(*given)

    monkeypatch.setattr(server, "handle_RCPT", slow)

    assert deliver().sent == 0
    assert server.taken == []
    assert states() == {"a": "pending"}


@pytest.mark.parametrize(
    ("timeout", "doubt", "refused"),
    [(20, 60, False), (21, 60, True), (20, 59, True), (0, 60, True), (-1, 60, True), (None, 60, True), (1, 3, False)],
)
def test_patience_with_the_mail_server_has_to_fit_into_the_doubt_period(settings, timeout, doubt, refused):
    settings.EMAIL_TIMEOUT, settings.SENDING_DOUBT_SECONDS = timeout, doubt
    assert [error.id for error in run_checks()] == ["notifications.E001"] * refused
