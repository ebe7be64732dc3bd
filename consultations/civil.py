"""From the clock on a wall to an instant: what a person types as a date and a time in a civil zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from accounts.moments import ZONE_WORDS, clock_words, day_words, zone_words
from notifications.refusal import Refusal

EARLIER, LATER = "earlier", "later"
LAST_MINUTE = time(23, 59)


def instant(
    *, day: date, clock: time, zone: str, which: str = "", day_field: str = "", clock_field: str = ""
) -> datetime:
    """The instant, in UTC, at which the clocks in `zone` show `clock` on `day`.

    23:59 is the last second of that minute: what is printed as "11:59pm" counts to its end. When clocks go forward, an
    hour does not exist, and is refused; when they go back, one happens twice, and `which` must say "earlier" or
    "later". Raises Refusal at `clock_field` or `day_field`.
    """
    if not 1900 <= day.year <= 2999:
        raise Refusal("Enter a year between 1900 and 2999.", field=day_field)
    if clock.replace(second=0, microsecond=0) == LAST_MINUTE:
        clock = time(23, 59, 59)
    first = datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).replace(fold=0)
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if _is_real(first):
        return _chosen(first, second, zone, which, clock_field)
    raise Refusal(
        f"{clock_words(first)} on {day_words(day)} does not exist in {zone_words(zone)}: the clocks go forward then. "
        "Choose a time before or after that hour.",
        field=clock_field,
    )


def _chosen(first: datetime, second: datetime, zone: str, which: str, field: str) -> datetime:
    if which == EARLIER:
        return first.astimezone(UTC)
    if which == LATER:
        return second.astimezone(UTC)
    raise Refusal(
        f"{clock_words(first)} happens twice on {day_words(first)} in {zone_words(zone)}: the clocks go back then. "
        f"Choose the earlier ({first.tzname()}) or the later ({second.tzname()}).",
        field=field,
        code="ambiguous",
    )


def _is_real(local: datetime) -> bool:
    """The wall clock shows it: going to UTC and back leads to the same time."""
    there_and_back = local.astimezone(ZoneInfo("UTC")).astimezone(local.tzinfo)
    return there_and_back.replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0)


def zone_choices(*extra: str) -> list[tuple[str, str]]:
    """The zones that bodies here use, and any others given."""
    return [(zone, f"{zone_words(zone)} ({zone})") for zone in dict.fromkeys([*ZONE_WORDS, *extra]) if zone]
