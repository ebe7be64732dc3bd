"""How a moment is said: always with its zone, midnight never ambiguous, and in every zone that a joint body needs."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from consultations.models import Deadline

ZONE_WORDS = {
    "Europe/London": "UK time",
    "America/New_York": "Eastern Time",
    "America/Chicago": "Central Time",
    "America/Denver": "Mountain Time",
    "America/Los_Angeles": "Pacific Time",
    "Europe/Brussels": "Brussels time",
    "Europe/Paris": "Paris time",
    "UTC": "UTC",
}


def zone_words(zone: str) -> str:
    """What readers call a civil zone: "UK time"; otherwise its city."""
    return ZONE_WORDS.get(zone) or zone.rsplit("/", 1)[-1].replace("_", " ") + " time"


def moment(instant: datetime, zone: str) -> str:
    """ "11:59pm on 12 November 2025, UK time". The hour that happens twice in autumn also says which it is."""
    local = instant.astimezone(ZoneInfo(zone))
    clock = f"{local.hour % 12 or 12}:{local.minute:02d}{'am' if local.hour < 12 else 'pm'}"
    which = f" ({local.tzname()})" if _happens_twice(local) else ""
    return f"{clock}{which} on {local.day} {local:%B %Y}, {zone_words(zone)}"


def _happens_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def closing(deadline: Deadline, *, zones: Iterable[str] = ()) -> str:
    """When a deadline closes, in its own zone first and then in any others given, in brackets."""
    if deadline.closes_at is None:
        return "No closing date"
    instant = deadline.closes_at
    others = [zone for zone in dict.fromkeys(zones) if zone != deadline.time_zone and _differs(instant, zone, deadline)]
    also = f" ({'; '.join(moment(instant, zone) for zone in others)})" if others else ""
    return moment(instant, deadline.time_zone) + also


def _differs(instant: datetime, zone: str, deadline: Deadline) -> bool:
    return (
        instant.astimezone(ZoneInfo(zone)).utcoffset() != instant.astimezone(ZoneInfo(deadline.time_zone)).utcoffset()
    )
