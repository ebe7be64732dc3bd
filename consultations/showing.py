"""What pages say of a consultation that a template cannot work out: when it closes, in whose time, how long is left."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from consultations.closing import day_words, elsewhere, moment, zone_of
from consultations.models import Certainty, Consultation, Deadline, DeadlineChange

SOON_DAYS = 7
ROLLING = "No closing date"
ASSUMED = "The source gives the day and no time: the end of that day is assumed."


@dataclass(frozen=True, kw_only=True)
class MoveShown:
    was: str
    became: str
    reason: str
    by: str
    at: str


@dataclass(frozen=True, kw_only=True)
class DeadlineShown:
    """One deadline in words. `state` is "open", "soon" or "passed"; `elsewhere` the moment in other zones."""

    label: str
    when: str
    elsewhere: list[str]
    left: str
    state: str
    notes: list[str]
    moves: list[MoveShown]


def deadline_shown(deadline: Deadline, *, zones: Iterable[str], now: datetime, moves: bool = True) -> DeadlineShown:
    """`zones` are those of the bodies and of the reader; `moves` False leaves the history out (and its query)."""
    instant, zone = deadline.closes_at, deadline.time_zone
    return DeadlineShown(
        label=deadline.label,
        when=moment(instant, zone) if instant else ROLLING,
        elsewhere=[moment(instant, other) for other in elsewhere(instant, zone, zones)] if instant else [],
        left=left(deadline, now),
        state=state(deadline, now),
        notes=notes(deadline),
        moves=[move_shown(change, zone) for change in deadline.changes.all()] if moves else [],
    )


def left(deadline: Deadline, now: datetime) -> str:
    """How many days are left, counted on the calendar of the deadline's own zone."""
    closes = deadline.closes_local
    if closes is None:
        return "Open"
    if not deadline.is_open(now):
        return "Closed"
    days = (closes.date() - now.astimezone(closes.tzinfo).date()).days
    return {0: "Closes today", 1: "1 day left"}.get(days, f"{days} days left")


def state(deadline: Deadline, now: datetime) -> str:
    if not deadline.is_open(now):
        return "passed"
    closes = deadline.closes_at
    return "soon" if closes and (closes - now).days < SOON_DAYS else "open"


def notes(deadline: Deadline) -> list[str]:
    said = [ASSUMED] if deadline.time_assumed else []
    said += ["The day is inferred, not stated by the body."] if deadline.certainty == Certainty.INFERRED else []
    return said + ([deadline.note] if deadline.note else [])


def move_shown(change: DeadlineChange, zone: str) -> MoveShown:
    by = change.changed_by_name
    return MoveShown(
        was=moment(change.old_closes_at, zone) if change.old_closes_at else ROLLING,
        became=moment(change.new_closes_at, zone) if change.new_closes_at else ROLLING,
        reason=change.reason,
        by="" if "@" in by else by,  # a member of staff is named in the record, not on a public page
        at=day(change.changed_at, zone) if change.changed_at else "",
    )


def day(instant: datetime, zone: str) -> str:
    return day_words(instant.astimezone(ZoneInfo(zone)))


def published(consultation: Consultation) -> str:
    """The date on the paper as best it is known; else, for a paper that is public here, since when it is."""
    if consultation.published_on_text:
        return consultation.published_on_text
    if consultation.published_on:
        return day_words(consultation.published_on)
    if consultation.source_key or consultation.published_at is None:
        return ""
    return day(consultation.published_at, zone_of(consultation))


def known_to_have_closed(consultation: Consultation) -> str:
    """For a paper whose closing date is not known: what is."""
    if not consultation.closing_unknown:
        return ""
    if consultation.known_closed_at:
        return f"It had closed by {day(consultation.known_closed_at, 'UTC')}. The day is not known."
    return "Whether it is still open is not known."
