"""The time zones that there are."""

from functools import cache
from zoneinfo import available_timezones


@cache
def known() -> frozenset[str]:
    """Their names, found once: Python opens six hundred files to tell them."""
    return frozenset(available_timezones())
