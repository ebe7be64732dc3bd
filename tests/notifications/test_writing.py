"""notifications/writing.py, circular.py and line.py: facts looked up for a batch, words put into MIME once."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from notifications import changes, circular, outbox, writing
from notifications.circular import UNSUBSCRIBE, Circular
from notifications.message import Attachment, Message, Skip, envelope
from notifications.models import Notification
from notifications.writing import in_batches
from tests.notifications.conftest import NOW

pytestmark = pytest.mark.django_db
looked_up: list[list[str]] = []
said = {"now": "Hello"}


def _look_up(rows, now):
    looked_up.append([row.key for row in rows])
    if len(rows) > 1 and any("poison" in row.key for row in rows):
        raise KeyError("poison")
    return dict(said)


@in_batches(_look_up)
def together(row, facts):
    return Message(subject=facts["now"], text=f"{facts['now']}.\n") if facts["now"] else Skip("Nothing to say.")


@pytest.fixture(autouse=True)
def kind(settings):
    looked_up.clear()
    said["now"] = "Hello"
    settings.NOTIFICATION_KINDS = {**settings.NOTIFICATION_KINDS, "together": f"{__name__}.together"}


def test_a_batch_is_looked_up_once_and_one_row_by_itself(owe, server):
    for key in "abc":
        owe(key, kind="together")
    owe("d")

    assert outbox.deliver(now=NOW, worker="test").sent == 4
    assert looked_up == [["a", "b", "c"]]
    assert together(Notification.objects.get(key="a"), NOW).subject == "Hello"


def test_what_one_row_breaks_is_looked_up_for_each_alone(owe, server):
    for key in ("a", "poison", "z"):
        owe(key, kind="together")

    assert outbox.deliver(now=NOW, worker="test").sent == 3
    assert looked_up == [["a", "poison", "z"], ["a"], ["poison", "z"], ["poison"], ["z"]]


def test_facts_are_looked_up_again_once_they_are_old(owe, server, monkeypatch):
    monkeypatch.setattr(writing, "FRESH", 0.0)
    owe("a", kind="together")
    owe("b", kind="together")

    outbox.deliver(now=NOW, worker="test")

    assert looked_up == [["a", "b"], ["b"]]


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["each answer in turn", "pipelining"])
@pytest.mark.django_db(transaction=True)
def test_news_that_is_queued_makes_a_worker_look_again_before_the_next_message(owe, server, monkeypatch, offers):
    """Between the look-up and the moment at which the second would have gone, something happens."""
    server.offers = offers
    owe("a", kind="together")
    owe("b", kind="together")

    counted = changes.number()
    real = writing.Desk.write

    def write(desk, row):
        written = real(desk, row)
        if row.key == "b" and changes.number() == counted:
            said["now"] = ""
            owe("news", due_at=NOW + timedelta(days=1))
        return written

    monkeypatch.setattr(writing.Desk, "write", write)

    counts = outbox.deliver(now=NOW, worker="test")

    assert (counts.sent, counts.skipped) == (1, 1)
    assert server.addresses() == ["a@example.org"]
    assert Notification.objects.get(key="b").reason == "Nothing to say."
    assert looked_up == [["a", "b"], ["b"]]


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["each answer in turn", "pipelining"])
def test_refusals_are_understood_and_the_line_goes_on(owe, server, offers):
    server.offers = offers
    server.say = {"b@example.org": "550 no such person", "c@example.org": "450 busy"}
    for key in "abcd":
        owe(key)

    counts = outbox.deliver(now=NOW, worker="test")

    assert (counts.sent, counts.failed, counts.later) == (2, 1, 1)
    assert server.addresses() == ["a@example.org", "d@example.org"]
    assert server.connections == 1


# --- Circulars --------------------------------------------------------------------------------------------------------
LONG = "ü" * 1200  # makes Django choose quoted-printable, which breaks lines wherever they are too long


@pytest.mark.parametrize("words", ["Hello – “you”", LONG], ids=["short", "quoted-printable"])
def test_a_circular_filled_in_is_the_message_put_together_for_each(words):
    common = Message(
        subject="News – £5",
        text=f"{words}\n{UNSUBSCRIBE}\n",
        html=f'<p>{words}</p><a href="{UNSUBSCRIBE}">Stop</a>',
        unsubscribe_url=UNSUBSCRIBE,
        attachments=(Attachment(name="a.ics", content=f"BEGIN\r\nx0who\r\n{words}\r\n", subtype="calendar"),),
    )
    row = Notification(address="reader@example.org")
    message = Circular(common).to({UNSUBSCRIBE: "https://example.org/token:1/", "x0who": "WHO:reader\r\n folded"})

    assert UNSUBSCRIBE not in message.text + message.html + message.unsubscribe_url
    quick, whole = circular.as_bytes(row, message), bytes(envelope(row, message).message().as_bytes(linesep="\r\n"))
    quick, whole = (message_from_bytes(mime, policy=policy.default) for mime in (quick, whole))
    del quick["Date"], whole["Date"]
    assert {name: str(v) for name, v in quick.items()}.keys() == {name: str(v) for name, v in whole.items()}.keys()
    for name in set(quick.keys()) - {"Content-Type"}:
        assert quick[name] == whole[name]
    for one, other in zip(quick.walk(), whole.walk(), strict=True):
        assert one.get_content_type() == other.get_content_type()
        if not one.is_multipart():
            assert one.get_content() == other.get_content()


def test_a_message_altered_after_it_was_filled_in_is_not_taken_from_the_circular():
    message = replace(Circular(Message(subject="News", text=f"{UNSUBSCRIBE}\n")).to({UNSUBSCRIBE: "x"}), subject="Test")

    assert b"Subject: Test" in circular.as_bytes(Notification(address="a@example.org"), message)
