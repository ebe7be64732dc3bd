"""responses/moments.py: counted where the deadline is, sent when the reader is at work."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from accounts import alerts
from consultations import civil, working_days
from responses import moments

LONDON, NEW_YORK = "Europe/London", "America/New_York"
NEWS = datetime(2025, 9, 1, tzinfo=UTC)


def due(closes: str, zone: str, lead: str, reader: str, holidays: str = "", *, news_at: datetime = NEWS) -> str:
    """The moment, as the clock on the reader's wall shows it."""
    instant = datetime.fromisoformat(closes).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    at = moments.moment(
        closes_at=instant, time_zone=zone, lead=lead, news_at=news_at, reader_zone=reader, reader_holidays=holidays
    )
    assert at <= instant
    return f"{at.astimezone(ZoneInfo(reader)):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("closes", "zone", "lead", "reader", "moment"),
    [
        # Within the reader's working hours the base stands, on either side of a change of clocks.
        ("2025-10-30 17:00", LONDON, "7d", LONDON, "2025-10-23 09:00"),
        ("2025-10-30 17:00", LONDON, "2d", LONDON, "2025-10-28 09:00"),
        ("2025-11-07 23:59", NEW_YORK, "7d", NEW_YORK, "2025-10-31 09:00"),
        ("2025-11-07 23:59", NEW_YORK, "2d", NEW_YORK, "2025-11-05 09:00"),
        ("2025-11-07 23:59", NEW_YORK, "2d", LONDON, "2025-11-05 14:00"),
        ("2025-10-30 23:59", NEW_YORK, "1d", LONDON, "2025-10-29 13:00"),  # four hours apart in that week
        # Before or after them it waits for the reader's morning, while that leaves three hours.
        ("2025-11-12 23:59", LONDON, "0d", NEW_YORK, "2025-11-12 09:00"),
        ("2025-11-12 17:00", LONDON, "0d", NEW_YORK, "2025-11-12 09:00"),
        ("2025-11-12 16:00", LONDON, "0d", NEW_YORK, "2025-11-10 16:00"),  # the 11th is Veterans Day
        ("2025-11-13 16:00", LONDON, "0d", NEW_YORK, "2025-11-12 16:00"),
        ("2025-11-12 23:59", LONDON, "1d", "Pacific/Auckland", "2025-11-12 09:00"),
        # No mail at a weekend or on a holiday that could come on a working day.
        ("2025-11-09 23:59", LONDON, "0d", LONDON, "2025-11-07 16:00"),
        ("2025-11-09 23:59", LONDON, "1d", LONDON, "2025-11-07 16:00"),
        ("2025-11-10 23:59", LONDON, "1d", LONDON, "2025-11-10 09:00"),  # Sunday's: a day later is Monday morning
        ("2025-12-29 23:59", LONDON, "4d", LONDON, "2025-12-24 16:00"),
        ("2025-11-28 23:59", NEW_YORK, "1d", NEW_YORK, "2025-11-28 09:00"),  # Thanksgiving
        # Working days, by the bank holidays where the deadline is.
        ("2025-12-30 17:00", LONDON, "3w", LONDON, "2025-12-23 09:00"),
        ("2025-10-15 17:00", NEW_YORK, "2w", NEW_YORK, "2025-10-10 09:00"),  # Columbus Day
        ("2025-10-15 17:00", NEW_YORK, "2w", LONDON, "2025-10-10 14:00"),
        ("2025-11-09 23:59", LONDON, "1w", LONDON, "2025-11-07 09:00"),  # a last day that is none itself
        # Hours count from the closing moment, and mean the hour where no working hour helps.
        ("2025-11-12 17:00", LONDON, "3h", LONDON, "2025-11-12 14:00"),
        ("2025-11-12 23:59", LONDON, "3h", LONDON, "2025-11-12 20:59"),
        ("2025-11-12 23:59", LONDON, "24h", LONDON, "2025-11-12 09:00"),
        ("2025-11-09 23:59", LONDON, "24h", LONDON, "2025-11-08 23:59"),
        ("2025-11-12 12:00", LONDON, "1h", NEW_YORK, "2025-11-12 06:00"),
        # A deadline at 01:30 on the night when that comes twice has its last day the day before, a Saturday.
        ("2025-10-26 01:30", LONDON, "0d", LONDON, "2025-10-24 16:00"),
        ("2025-11-02 01:30", NEW_YORK, "0d", NEW_YORK, "2025-10-31 16:00"),
        ("2025-10-26 01:30", LONDON, "2h", LONDON, "2025-10-25 23:30"),
    ],
)
def test_when_it_is_due_on_the_readers_clock(closes, zone, lead, reader, moment):
    assert due(closes, zone, lead, reader) == moment


def test_hours_before_a_closing_moment_that_comes_twice_count_real_hours():
    for which, at in (("earlier", "23:30"), ("later", "00:30")):
        instant = civil.instant(day=date(2025, 10, 26), clock=time(1, 30), zone=LONDON, which=which)
        base = moments.base(closes_at=instant, time_zone=LONDON, lead="2h")
        assert f"{base.astimezone(ZoneInfo(LONDON)):%H:%M}" == at


def test_the_reader_chooses_whose_holidays():
    closes = "2025-12-02 23:59"  # St Andrew's Day was observed on Monday the 1st
    assert due(closes, LONDON, "1d", LONDON) == "2025-12-01 09:00"
    assert due(closes, LONDON, "1d", LONDON, "GB-SCT") == "2025-12-02 09:00"
    assert due("2025-12-26 23:59", LONDON, "1d", LONDON, "none") == "2025-12-25 09:00"


def test_it_is_not_brought_before_the_news_of_the_paper():
    published = datetime(2025, 11, 7, 18, 0, tzinfo=UTC)  # Friday evening; it closes on Sunday night
    assert due("2025-11-09 23:59", LONDON, "0d", LONDON, news_at=published) == "2025-11-09 09:00"


@pytest.mark.parametrize(
    ("calendar", "off", "on"),
    [
        # As GOV.UK and the Office of Personnel Management publish them.
        ("GB-ENG", "2025-04-18 2025-04-21 2025-05-05 2025-05-26 2025-08-25 2025-12-25 2025-12-26 2026-04-06 2026-12-28",
         "2025-12-01 2026-01-02 2025-03-17"),
        ("GB-SCT", "2025-01-02 2025-04-18 2025-08-04 2025-12-01 2026-01-02 2026-11-30", "2025-04-21 2025-08-25"),
        ("GB-NIR", "2025-03-17 2025-07-14 2025-04-21 2025-08-25 2026-07-13", "2025-12-01 2025-01-02"),
        ("US", "2025-01-20 2025-06-19 2025-10-13 2025-11-11 2025-11-27 2025-12-25 2026-07-03 2026-10-12",
         "2025-11-28 2025-12-26 2025-05-05"),
        ("none", "2025-11-08", "2025-12-25 2025-11-27"),
    ],
)  # fmt: skip
def test_bank_holidays_are_those_that_are_published(calendar, off, on):
    days = {day: working_days.is_worked(datetime.fromisoformat(day).date(), calendar) for day in f"{off} {on}".split()}
    assert [day for day, worked in days.items() if worked] == on.split()


@pytest.mark.parametrize(
    ("typed", "code"),
    [("10 working days", "10w"), ("1 Working Day before", "1w"), ("4 weeks", "28d"), ("3 hours", "3h"), ("5d", "5d"),
     ("0 days", "0d"), ("2 d", "2d"), ("72h", "72h"), ("366 days", "366d")],
)  # fmt: skip
def test_lead_times_as_people_type_them(typed, code):
    assert alerts.typed(typed) == code


@pytest.mark.parametrize("typed", ["", "soon", "3", "-1 days", "3.5 hours", "73 hours", "367 days", "251w", "5 months"])
def test_what_is_no_lead_time_is_refused(typed):
    with pytest.raises(ValidationError):
        alerts.typed(typed)


def test_lead_times_in_words_and_in_order():
    assert alerts.in_order(["3h", "0d", "5w", "7d", "1d", "5w"]) == ["5w", "7d", "1d", "0d", "3h"]
    assert [alerts.words(code) for code in ("1d", "5w", "1h", "0d")] == [
        "1 day before", "5 working days before", "1 hour before", "the morning of the last day",
    ]  # fmt: skip
