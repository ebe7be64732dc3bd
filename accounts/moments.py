"""How a moment is said: always with its zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

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


def day_words(day: date) -> str:
    """ "12 November 2025"."""
    return f"{day.day} {day:%B %Y}"


def clock_words(local: datetime) -> str:
    """ "11:59pm"."""
    return f"{local.hour % 12 or 12}:{local.minute:02d}{'am' if local.hour < 12 else 'pm'}"


def moment(instant: datetime, zone: str) -> str:
    """ "11:59pm on 12 November 2025, UK time". The hour that happens twice in autumn also says which it is."""
    local = instant.astimezone(ZoneInfo(zone))
    which = f" ({local.tzname()})" if happens_twice(local) else ""
    return f"{clock_words(local)}{which} on {day_words(local)}, {zone_words(zone)}"


def happens_twice(local: datetime) -> bool:
    """The clock on the wall shows this time twice that day."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
