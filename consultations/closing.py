"""How a deadline is said: in its own zone, and in every zone that a joint body needs."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from accounts.moments import clock_words, day_words, happens_twice, moment, zone_words
from consultations.models import Authority, Consultation, Deadline
from notifications.compiled import Kept, given

__all__ = [
    "HOME_ZONE", "clock_words", "closing", "day_words", "elsewhere", "happens_twice", "moment", "zone_of", "zone_words",
]  # fmt: skip

HOME_ZONE = "Europe/London"  # where no body says another
_LEADING = Kept(
    lambda: (
        Authority.objects.filter(consultations=given("paper"))
        .order_by("consultationauthority__position")
        .values_list("time_zone", flat=True)[:1]
    )
)


def zone_of(paper: Consultation) -> str:
    """The civil zone of the body that leads: in it, instants that are no deadline are said."""
    fetched = "authorities" in getattr(paper, "_prefetched_objects_cache", {})  # by bodies_in_order
    zones = [body.time_zone for body in paper.authorities.all()] if fetched else _LEADING.all(paper=paper.pk)
    return next(iter(zones), HOME_ZONE)


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
