"""Deadlines as calendar entries (RFC 5545): the same entry from the first e-mail to the last, wherever it is read.

A deadline's UID never changes and its SEQUENCE grows with each move, so a calendar that has the entry moves it instead
of adding another, and a withdrawal takes it away. E-mails carry METHOD:REQUEST and METHOD:CANCEL (RFC 5546), since
that is what the common clients apply to an entry that they have; a calendar that is subscribed to is METHOD:PUBLISH.
RFC 5546 wants one entry in a request, so an e-mail about two deadlines carries two files.

Times are UTC, the instant itself: each calendar shows it on its owner's clock, and the description says it in the zone
of the body. An entry takes no time (TRANSPARENT): nobody is "busy" at 11:59pm.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar, Event, vCalAddress, vText, vUri
from icalendar.parser import Contentline

from consultations.closing import closing
from consultations.models import Consultation, Deadline
from notifications.message import CONTROL, Attachment, one_line

PRODUCER = "-//Soundings//Deadlines//EN"
NAMES = uuid5(NAMESPACE_URL, "https://soundings.invalid/deadlines")
REFRESH = timedelta(hours=1)
MEDIA_TYPE = "text/calendar"
ATTENDEE = "x0attendee0x"  # stands for the line that names the reader


def uid(deadline: Deadline) -> str:
    """The entry's name for ever: neither a move, another title nor another host changes it."""
    return str(uuid5(NAMES, f"{deadline.consultation.code}/{deadline.pk}"))


def sequence(deadline: Deadline) -> int:
    """How often the entry was changed; a withdrawal is the last change of all."""
    return deadline.version + (1 if deadline.consultation.withdrawn_at else 0)


def entry(deadline: Deadline, *, stamp: datetime, doing: str = "") -> Event:
    """The entry of a deadline that has a closing moment. `doing`: what is added to the description, for the reader."""
    paper = deadline.consultation
    event = Event()
    event.add("uid", uid(deadline))
    event.add("sequence", sequence(deadline))
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("last-modified", stamp.astimezone(UTC))
    event.add("dtstart", _instant(deadline))
    event.add("summary", summary(deadline))
    event.add("description", _clean("\n".join(filter(None, [*_described(deadline), doing, _url(paper)]))))
    event.add("url", vUri(_url(paper)))
    event.add("status", "CANCELLED" if paper.withdrawn_at else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def _instant(deadline: Deadline) -> datetime:
    if deadline.closes_at is None:
        raise ValueError("a deadline without a closing date has no entry")
    return deadline.closes_at.astimezone(UTC)


def summary(deadline: Deadline) -> str:
    """ "CP25/25 closes: Chapters 1 to 5"; an exercise says so first."""
    paper = deadline.consultation
    words = f"{paper.reference or paper.name} closes: {deadline.label}"
    if paper.withdrawn_at:
        words = f"Withdrawn: {words}"
    return one_line(f"Rehearsal: {words}" if paper.is_rehearsal else words)


def _described(deadline: Deadline) -> list[str]:
    paper = deadline.consultation
    assumed = "The source gives the day and no time: the end of that day is assumed." if deadline.time_assumed else ""
    withdrawn = f"The consultation was withdrawn. {paper.withdrawal_reason}" if paper.withdrawn_at else ""
    return [paper.name, f"{deadline.label}: {closing(deadline)}.", assumed, withdrawn]


def calendar(*, name: str, method: str = "PUBLISH", entries: Iterable[Event]) -> bytes:
    """A calendar of these entries. A subscriber asks again after an hour."""
    whole = _empty(method)
    whole.add("name", one_line(name))
    whole.add("x-wr-calname", one_line(name))
    whole.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", "PT1H")
    for event in entries:
        whole.add_component(event)
    return bytes(whole.to_ical())


def _empty(method: str) -> Calendar:
    whole = Calendar()
    whole.add("prodid", PRODUCER)
    whole.add("version", "2.0")
    whole.add("calscale", "GREGORIAN")
    whole.add("method", method)
    return whole


def attachments(deadlines: Iterable[Deadline], *, now: datetime) -> tuple[Attachment, ...]:
    """What an e-mail carries: each entry that has a moment, one a file; of a withdrawn paper, its end.

    Where the reader is named stands ATTENDEE, a place for `attendee` (notifications/circular.py).
    """
    dated = [deadline for deadline in deadlines if deadline.closes_at]
    return tuple(
        _attached(deadline, now=now, number=number if len(dated) > 1 else 0)
        for number, deadline in enumerate(dated, start=1)
    )


def _attached(deadline: Deadline, *, now: datetime, number: int) -> Attachment:
    method = "CANCEL" if deadline.consultation.withdrawn_at else "REQUEST"
    event = entry(deadline, stamp=now)
    event.add("organizer", _organiser())
    event.add("attendee", vCalAddress("here"))
    whole = _empty(method)
    whole.add_component(event)
    return Attachment(
        name=f"deadline-{number}.ics" if number else "deadline.ics",
        content=whole.to_ical().decode().replace("\r\nATTENDEE:here\r\n", f"\r\n{ATTENDEE}\r\n"),
        subtype="calendar",
        parameters=(("method", method), ("component", "VEVENT")),
    )


def _organiser() -> vCalAddress:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    organiser = vCalAddress(f"mailto:{one_line(address)}")
    organiser.params["CN"] = vText(one_line(name) or "Soundings")
    return organiser


def attendee(address: str) -> str:
    """The line that names the reader, of whom no answer is wanted: nobody reads what would come back."""
    line = f"ATTENDEE;PARTSTAT=ACCEPTED;ROLE=NON-PARTICIPANT;RSVP=FALSE:mailto:{one_line(address)}"
    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return folded.decode()


def _clean(text: str) -> str:
    return "\n".join(CONTROL.sub(" ", line).strip() for line in text.splitlines())


def _url(paper: Consultation) -> str:
    return f"{settings.SITE_URL}{reverse('consultations:detail', args=[paper.code])}"
