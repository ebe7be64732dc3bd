"""How a person wants to be reminded: lead times, rhythm, and whose bank holidays they keep.

A lead time is a short code: "14d", so many days before the last day; "5w", so many working days; "3h", so many hours
before the closing moment; "0d" is the morning of the last day. What moment each means: responses/moments.py.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models

DAYS, WORKING_DAYS, HOURS = "d", "w", "h"
MOST = {DAYS: 366, WORKING_DAYS: 250, HOURS: 72}
MORNING = "0d"
DEFAULT_LEADS = ("14d", "7d", "2d", MORNING)
MOST_LEADS = 20  # of one person or one follow
# As the database checks them: an array of codes, as text.
LEADS_AS_TEXT = r"^\{((0d|[1-9][0-9]{0,2}[dwh])(,(0d|[1-9][0-9]{0,2}[dwh]))*)?\}$"

UNITS = {DAYS: ("day", "days"), WORKING_DAYS: ("working day", "working days"), HOURS: ("hour", "hours")}
TYPED = re.compile(r"(\d{1,4})\s*(working\s*days?|w|days?|d|weeks?|hours?|h)(\s+before)?", re.IGNORECASE)
HOW_TO_TYPE = "Write a lead time as a number and a unit, such as “10 working days”, “4 weeks” or “3 hours”."


class Rhythm(models.TextChoices):
    """How soon news of openings and outcomes comes: as it happens, put together, or not at all. The soonest first."""

    AT_ONCE = "at_once", "As it happens"
    DAILY = "daily", "Once a day"
    WEEKLY = "weekly", "Once a week"
    NEVER = "never", "Not at all"


class Holidays(models.TextChoices):
    """Whose bank holidays are no working days. Empty: those of the person's time zone."""

    ENGLAND_AND_WALES = "GB-ENG", "England and Wales"
    SCOTLAND = "GB-SCT", "Scotland"
    NORTHERN_IRELAND = "GB-NIR", "Northern Ireland"
    US_FEDERAL = "US", "United States (federal)"
    NONE = "none", "None"


def default_leads() -> list[str]:
    return list(DEFAULT_LEADS)


def parts(code: str) -> tuple[int, str]:
    """("5w") → (5, "w"). Raises ValidationError for what is no lead time."""
    number, unit = code[:-1], code[-1:]
    if unit not in MOST or not number.isascii() or not number.isdigit():
        raise ValidationError(HOW_TO_TYPE)
    count = int(number)
    if count > MOST[unit]:
        raise ValidationError(f"The longest lead time in {UNITS[unit][1]} is {MOST[unit]}.")
    if str(count) != number or (count == 0 and unit != DAYS):
        raise ValidationError(HOW_TO_TYPE)
    return count, unit


def validate_lead(code: str) -> None:
    parts(code)


def typed(text: str) -> str:
    """The code of a lead time as a person types it: "10 working days", "4 weeks". Raises ValidationError."""
    found = TYPED.fullmatch(text.strip())
    if not found:
        raise ValidationError(HOW_TO_TYPE)
    count, unit = int(found[1]), found[2].lower()
    code = f"{count * 7}{DAYS}" if unit.startswith("week") else f"{count}{unit[0]}"
    code = MORNING if count == 0 else code
    parts(code)
    return code


def words(code: str) -> str:
    """ "5 working days before"; "0d" is "the morning of the last day"."""
    if code == MORNING:
        return "the morning of the last day"
    count, unit = parts(code)
    return f"{count} {UNITS[unit][count != 1]} before"


def in_order(codes: Iterable[str]) -> list[str]:
    """Each once, the longest before first; a working day counts for a little more than a day."""
    days = {DAYS: 1.0, WORKING_DAYS: 1.4, HOURS: 1 / 24}

    def length(code: str) -> tuple[float, str]:
        count, unit = parts(code)
        return -(count or 0.5) * days[unit], code

    return sorted(set(codes), key=length)
