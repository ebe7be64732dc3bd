"""consultations/calendars.py, with a real calendar library as the reader's calendar: entries come, move and go."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from icalendar import Calendar

from accounts.record import By
from consultations import calendars, emails, publishing
from consultations.models import Deadline
from notifications.message import Message, envelope
from notifications.models import Notification
from responses import emails as reminders
from tests.factories import FollowFactory, UserFactory, paper, paper_with_two_deadlines

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 10, 1, 9, tzinfo=UTC)
CLOSES = datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC)


class ReadersCalendar:
    """What a client does with what arrives (RFC 5546): by UID, and only what is newer than what it holds."""

    def __init__(self) -> None:
        self.entries = {}

    def take(self, mail_parts) -> None:
        for part in mail_parts:
            received = Calendar.from_ical(part.get_payload(decode=True))
            assert part.get_param("method") == received["METHOD"]
            for event in received.events:
                self._apply(received["METHOD"], event)

    def _apply(self, method, event) -> None:
        held = self.entries.get(event["UID"])
        if held is not None and event["SEQUENCE"] < held["SEQUENCE"]:
            return
        if method == "CANCEL":
            assert event["STATUS"] == "CANCELLED"
            self.entries.pop(event["UID"], None)
        else:
            self.entries[event["UID"]] = event

    @property
    def times(self):
        return {str(event["SUMMARY"]): event.start for event in self.entries.values()}


def arrived(kind, consultation, reader, *, now, **payload):
    """The calendar parts of an e-mail as it went over the line."""
    row = Notification(
        kind=kind, address=reader.email, payload={"user": reader.pk, "consultation": consultation.pk, **payload}
    )
    write = reminders.deadline_coming if kind == "deadline_coming" else getattr(emails, kind)
    message = write(row, now)
    assert isinstance(message, Message), message
    mail = message_from_bytes(envelope(row, message).message().as_bytes())
    return [part for part in mail.walk() if part.get_content_type() == "text/calendar"]


@pytest.fixture
def reader(freeze):
    freeze(NOW)
    return UserFactory(confirmed=True)


def test_an_entry_comes_moves_and_goes(reader, freeze):
    consultation = paper(reference="DEMO1", closes_at=CLOSES, published_at=NOW)
    FollowFactory(user=reader, consultation=consultation)
    deadline = consultation.deadlines.get()
    held = ReadersCalendar()

    opened = arrived("consultation_opened", consultation, reader, now=NOW)
    held.take(opened)
    (name,) = held.times
    assert name.startswith("DEMO1 closes: ")
    assert held.times == {name: CLOSES}

    later = CLOSES + timedelta(days=90)
    change = publishing.extend_deadline(
        deadline=deadline, closes_at=later, reason="More time.", by=By(user=None, door="command"), now=NOW
    )
    held.take(arrived("deadline_extended", consultation, reader, now=NOW, change=change.pk))
    assert held.times == {name: later}
    held.take(opened)  # the first e-mail, opened again, puts nothing back
    assert held.times == {name: later}
    held.take(
        arrived(
            "deadline_coming", consultation, reader, now=freeze(later - timedelta(days=1)),
            deadline=deadline.pk, version=2, lead="2d",
        )
    )  # fmt: skip
    assert held.times == {name: later}

    publishing.withdraw(
        consultation=consultation, reason="No longer needed.", by=By(user=None, door="command"), now=NOW
    )
    held.take(arrived("consultation_withdrawn", consultation, reader, now=NOW))
    assert held.times == {}


def test_each_deadline_has_a_file_of_its_own(reader):
    consultation = paper_with_two_deadlines(published_at=NOW)
    FollowFactory(user=reader, consultation=consultation)

    parts = arrived("consultation_opened", consultation, reader, now=NOW)

    assert [part.get_filename() for part in parts] == ["deadline-1.ics", "deadline-2.ics"]
    held = ReadersCalendar()
    held.take(parts)
    assert held.times == {
        f"DEMO25/25 closes: {row.label}": row.closes_at for row in Deadline.objects.filter(consultation=consultation)
    }


def test_a_deadline_without_a_date_has_no_entry(reader):
    consultation = paper(closes_at=CLOSES, published_at=NOW)
    consultation.deadlines.update(closes_at=None)

    assert calendars.attachments(consultation.deadlines.all(), now=NOW) == ()


def test_an_entry_says_whose_clock_asks_no_answer_and_cannot_be_broken_out_of(reader, settings):
    consultation = paper(
        reference="X\r\nATTENDEE:mailto:evil@example.org\x0b", title="A; B, C", closes_at=CLOSES, published_at=NOW
    )

    (attached,) = calendars.attachments(consultation.deadlines.all(), now=NOW)
    content = attached.content.replace(calendars.ATTENDEE, calendars.attendee(reader.email))
    (event,) = Calendar.from_ical(content).events

    assert event["ATTENDEE"] == f"mailto:{reader.email}"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert "11:59pm on 12 November 2025, UK time" in event["DESCRIPTION"]
    assert event["URL"] == f"{settings.SITE_URL}/consultations/{consultation.code}/"
    assert event["TRANSP"] == "TRANSPARENT"
    assert all(len(line.encode()) <= 75 for line in content.split("\r\n"))
