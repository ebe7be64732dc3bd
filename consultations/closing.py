"""How a moment is said: always with its zone, midnight never ambiguous, and in every zone that a joint body needs."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from consultations.models import Authority, Consultation, Deadline
from notifications.compiled import Kept, given

HOME_ZONE = "Europe/London"  # where no body says another
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
_LEADING = Kept(
    lambda: (
        Authority.objects.filter(consultations=given("paper"))
        .order_by("consultationauthority__position")
        .values_list("time_zone", flat=True)[:1]
    )
)


def zone_words(zone: str) -> str:
    """What readers call a civil zone: "UK time"; otherwise its city."""
    return ZONE_WORDS.get(zone) or zone.rsplit("/", 1)[-1].replace("_", " ") + " time"


def zone_of(paper: Consultation) -> str:
    """The civil zone of the body that leads: in it, instants that are no deadline are said."""
    fetched = "authorities" in getattr(paper, "_prefetched_objects_cache", {})  # by bodies_in_order
    zones = [body.time_zone for body in paper.authorities.all()] if fetched else _LEADING.all(paper=paper.pk)
    return next(iter(zones), HOME_ZONE)


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


def closing(deadline: Deadline, *, zones: Iterable[str] = ()) -> str:
    """When a deadline closes, in its own zone first and then in any others given, in brackets."""
    instant, own = deadline.closes_at, deadline.time_zone
    if instant is None:
        return "No closing date"
    also = "; ".join(moment(instant, zone) for zone in elsewhere(instant, own, zones))
    return moment(instant, own) + (f" ({also})" if also else "")


def elsewhere(instant: datetime, own: str, zones: Iterable[str]) -> list[str]:
    """Those of the zones, each once, in which clocks show another time then than in one's own."""
    here = instant.astimezone(ZoneInfo(own)).utcoffset()
    return [zone for zone in dict.fromkeys(zones) if instant.astimezone(ZoneInfo(zone)).utcoffset() != here]
