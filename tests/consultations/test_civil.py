"""From the clock on a wall to an instant."""

from datetime import UTC, date, datetime, time

import pytest

from consultations.civil import instant
from notifications.refusal import Refusal

LONDON, NEW_YORK = "Europe/London", "America/New_York"


@pytest.mark.parametrize(
    ("day", "clock", "zone", "which", "expected"),
    [
        (date(2026, 1, 5), time(17, 0), LONDON, "", datetime(2026, 1, 5, 17, 0, tzinfo=UTC)),
        (date(2026, 7, 5), time(17, 0), LONDON, "", datetime(2026, 7, 5, 16, 0, tzinfo=UTC)),
        (date(2026, 7, 5), time(23, 59), LONDON, "", datetime(2026, 7, 5, 22, 59, 59, tzinfo=UTC)),
        (date(2026, 7, 5), time(23, 59), NEW_YORK, "", datetime(2026, 7, 6, 3, 59, 59, tzinfo=UTC)),
        (date(2026, 10, 25), time(1, 30), LONDON, "earlier", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(1, 30), LONDON, "later", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(0, 59), LONDON, "", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        (date(2026, 10, 25), time(2, 0), LONDON, "", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        (date(2026, 3, 29), time(2, 0), LONDON, "", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
    ],
)
def test_instant_is_what_the_clock_shows(day, clock, zone, which, expected):
    assert instant(day=day, clock=clock, zone=zone, which=which) == expected


@pytest.mark.parametrize(
    ("day", "clock", "zone", "said"),
    [
        (date(2026, 3, 29), time(1, 0), LONDON, "1:00am on 29 March 2026 does not exist in UK time"),
        (date(2026, 3, 29), time(1, 59), LONDON, "does not exist"),
        (date(2026, 3, 8), time(2, 30), NEW_YORK, "does not exist in Eastern Time"),
        (date(2026, 10, 25), time(1, 30), LONDON, "happens twice on 25 October 2026 in UK time"),
        (date(1, 1, 1), time(1, 30), LONDON, "Enter a year between 1900 and 2999."),
        (date(9999, 12, 31), time(23, 59), NEW_YORK, "Enter a year between 1900 and 2999."),
    ],
)
def test_what_the_clock_never_or_twice_shows_is_refused(day, clock, zone, said):
    with pytest.raises(Refusal) as refused:
        instant(day=day, clock=clock, zone=zone, clock_field="at", day_field="on")
    assert said in refused.value.message
    assert refused.value.field in ("at", "on")
