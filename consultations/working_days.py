"""Which days are worked on: Monday to Friday, less the bank holidays of a calendar."""

from datetime import date, timedelta
from functools import cache

import holidays

from accounts.alerts import Holidays

DAY = timedelta(days=1)
SATURDAY = 5
UK_ZONES = frozenset({"Europe/London", "GB", "GB-Eire", "Europe/Guernsey", "Europe/Jersey", "Europe/Isle_of_Man"})
US_ZONES = frozenset(
    {
        "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix",
        "America/Detroit", "America/Boise", "America/Anchorage", "America/Juneau", "America/Sitka", "America/Nome",
        "America/Adak", "America/Menominee", "America/Metlakatla", "America/Yakutat", "Pacific/Honolulu",
        "America/Puerto_Rico",
    }
)  # fmt: skip
US_PREFIXES = ("US/", "America/Indiana/", "America/Kentucky/", "America/North_Dakota/")


def calendar_of(zone: str) -> str:
    """The calendar that goes with a civil zone where nobody chose one; outside the UK and the US, weekends alone.

    A zone does not tell Scotland or Northern Ireland (but for Europe/Belfast) from England: who is there chooses.
    """
    if zone == "Europe/Belfast":
        return Holidays.NORTHERN_IRELAND.value
    if zone in UK_ZONES:
        return Holidays.ENGLAND_AND_WALES.value
    return Holidays.US_FEDERAL.value if zone in US_ZONES or zone.startswith(US_PREFIXES) else Holidays.NONE.value


def is_worked(day: date, calendar: str) -> bool:
    """Neither a weekend nor a bank holiday of the calendar."""
    return day.weekday() < SATURDAY and day not in _holidays(calendar)


def first_from(day: date, calendar: str) -> date:
    """The day itself or the next that is worked on."""
    while not is_worked(day, calendar):
        day += DAY
    return day


def last_until(day: date, calendar: str) -> date:
    """The day itself or the last before it that is worked on."""
    while not is_worked(day, calendar):
        day -= DAY
    return day


def before(day: date, count: int, calendar: str) -> date:
    """So many working days before the day, which need not be one itself."""
    for _ in range(count):
        day = last_until(day - DAY, calendar)
    return day


@cache
def _holidays(calendar: str) -> "holidays.HolidayBase | frozenset[date]":
    if calendar == Holidays.NONE:
        return frozenset()
    country, _, part = calendar.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)
