"""notifications/outbox.py: what is owed exists exactly if its event does, and once."""

import time
from datetime import timedelta

import pytest
from django.db import transaction

from notifications import outbox, waking
from notifications.models import Notification, Priority, State
from notifications.outbox import Post
from notifications.refusal import Conflict, Refusal
from tests.notifications.conftest import NOW

pytestmark = pytest.mark.django_db


def test_the_same_key_is_owed_once(owe):
    first = outbox.queue(kind="plain", key="a", address="a@example.org", payload={}, now=NOW)
    again = outbox.queue(kind="plain", key="a", address="other@example.org", payload={}, now=NOW)

    assert (first, again) == (True, False)
    assert [row.address for row in Notification.objects.all()] == ["a@example.org"]


def test_many_are_owed_by_one_statement_and_the_new_ones_counted(owe, django_assert_num_queries):
    owe("1")
    posts = [Post(kind="plain", key=str(n), address=f"{n}@example.org", due_at=NOW) for n in range(3)]

    with django_assert_num_queries(1):
        assert outbox.queue_many([]) == 0
        assert outbox.queue_many(posts) == 2
    assert set(Notification.objects.values_list("key", flat=True)) == {"0", "1", "2"}


def test_what_is_written_is_as_given():
    later = NOW + timedelta(days=1)
    outbox.queue(
        kind="plain",
        key="a",
        address="a@example.org",
        payload={"consultation": 7, "words": "a\\b ’ 100%"},
        now=NOW,
        due_at=later,
        priority=Priority.RECEIPT,
    )

    row = Notification.objects.get()
    assert (row.kind, row.address, row.due_at, row.priority) == ("plain", "a@example.org", later, Priority.RECEIPT)
    assert row.payload == {"consultation": 7, "words": "a\\b ’ 100%"}
    assert (row.state, row.attempts, row.reason, row.sent_again) == (State.PENDING, 0, "", False)


def test_an_event_undone_owes_nothing(owe):
    with transaction.atomic():
        owe("a")
        transaction.set_rollback(True)

    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@example.org\nBcc: b@example.org", "a@example.org\x0bBcc: b", "a b@example.org"]
)
def test_an_address_that_no_message_can_go_to_is_refused(address):
    with pytest.raises(Refusal) as refused:
        outbox.queue(kind="plain", key="a", address=address, payload={}, now=NOW)

    assert refused.value.field == "email"
    assert not Notification.objects.exists()


def test_an_unknown_kind_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="no such kind"):
        outbox.queue(kind="carrier_pigeon", key="a", address="a@example.org", payload={}, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_the_commit_wakes_the_sweep_once_until_it_begins(owe, monkeypatch):
    sent = []
    monkeypatch.setattr(waking.current_app, "send_task", lambda name, **options: sent.append(name))

    with transaction.atomic():
        owe("a")
        assert not sent
    owe("b")
    assert sent == ["notifications.tasks.deliver"]

    waking.woken()
    owe("c")
    assert len(sent) == 2


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_message_is_owed_all_the_same_and_at_once(owe, settings, monkeypatch):
    from django.core.cache import caches

    monkeypatch.setitem(settings.CACHES["default"], "LOCATION", "redis://127.0.0.1:9/0")
    monkeypatch.setattr(waking, "cache", caches.create_connection("default"))
    began = time.monotonic()

    owe("a")

    assert Notification.objects.get().state == State.PENDING
    assert time.monotonic() - began < 2


def test_staff_put_back_what_failed(owe):
    row = owe("a")
    Notification.objects.update(state=State.FAILED, reason="550 no such user", attempts=9)

    outbox.resend(notification=row, who="staff@example.org")

    row.refresh_from_db()
    assert (row.state, row.attempts, row.reason) == (State.PENDING, 0, "Put back by staff@example.org")


@pytest.mark.parametrize("state", [State.PENDING, State.CLAIMED, State.SENDING, State.SENT])
def test_staff_cannot_send_again_what_is_under_way_or_was_sent(owe, state):
    row = owe("a")
    Notification.objects.update(state=state, sent_at=NOW)

    with pytest.raises(Conflict):
        outbox.resend(notification=row, who="staff@example.org")

    row.refresh_from_db()
    assert row.state == state


def test_a_message_whose_link_was_blanked_cannot_be_sent_again(owe):
    row = owe("a", payload={"secret": True})
    Notification.objects.update(state=State.FAILED, reason="550 no such user")

    with pytest.raises(Conflict, match="private link"):
        outbox.resend(notification=row, who="staff@example.org")


def test_what_a_digest_has_taken_is_not_sent_again_alone(owe):
    row = owe("a", payload={"user": 1, "digest": "digest:1:1"})
    Notification.objects.update(state=State.SKIPPED, reason="It went into a digest.")

    with pytest.raises(Conflict, match="digest"):
        outbox.resend(notification=row, who="staff@example.org")

    row.refresh_from_db()
    assert row.state == State.SKIPPED
