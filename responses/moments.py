"""When a reminder is due: from a deadline, a lead time and a reader's own clock and calendar to one instant.

The base moment counts in the deadline's own zone. So many days before is nine in the morning of that day, counted back
from the last day that can be worked on: the closing date, or the day before where it closes before noon. So many
working days before skips weekends and the bank holidays of the zone's calendar. So many hours before counts back from
the closing moment.

Then it goes into the reader's working hours: 9am to 5pm, Monday to Friday, not on a bank holiday, in their own zone and
calendar. A base within them stands. Otherwise, the first of these that holds:

1. the next start of their working hours, if that is no more than a day later and leaves three hours to the closing;
2. for hours before: the base itself, since who asks for the hour means the hour;
3. 4pm of the last day before that they work, which leaves an hour of it, unless the news of the paper or of its last
   move came after that;
4. the base itself.

A moment that is not after the news is none: the news said the date. Two lead times may come to the same moment; then
there is one reminder.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from accounts import alerts
from consultations import working_days

MORNING = time(9)
LAST_HOUR = time(16)
EVENING = time(17)
WORKABLE = timedelta(hours=12)  # closing before noon, the last day to work on is the day before
USEFUL = timedelta(hours=3)  # so much time is left by a reminder that was put off
LONGEST_PUT_OFF = timedelta(hours=25)  # a day, also when clocks go back


@lru_cache(maxsize=100_000)
def moment(
    *, closes_at: datetime, time_zone: str, lead: str, news_at: datetime, reader_zone: str, reader_holidays: str
) -> datetime:
    """When the reminder of this lead time is due, in UTC. `reader_holidays` empty: those of the reader's zone."""
    at = base(closes_at=closes_at, time_zone=time_zone, lead=lead)
    calendar = reader_holidays or working_days.calendar_of(reader_zone)
    later = _at_or_after(at, reader_zone, calendar)
    if later == at or later <= min(closes_at - USEFUL, at + LONGEST_PUT_OFF):
        return later
    if alerts.parts(lead)[1] == alerts.HOURS:
        return at
    earlier = _before(at, reader_zone, calendar)
    return earlier if earlier > news_at else at


@lru_cache(maxsize=20_000)
def base(*, closes_at: datetime, time_zone: str, lead: str) -> datetime:
    """The moment that a lead time means where the deadline is, whoever reads; in UTC."""
    count, unit = alerts.parts(lead)
    if unit == alerts.HOURS:
        return (closes_at - timedelta(hours=count)).astimezone(UTC)
    day = last_day(closes_at, time_zone)
    if unit == alerts.WORKING_DAYS:
        day = working_days.before(day, count, working_days.calendar_of(time_zone))
    else:
        day -= timedelta(days=count)
    return _on(day, MORNING, time_zone)


def last_day(closes_at: datetime, time_zone: str) -> date:
    """The last day that can be worked on, in the deadline's own zone."""
    local = closes_at.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local - WORKABLE).date()


def _at_or_after(at: datetime, zone: str, calendar: str) -> datetime:
    """The first moment of working hours from `at` on."""
    local = at.astimezone(ZoneInfo(zone))
    day, clock = local.date(), local.time()
    if working_days.is_worked(day, calendar):
        if MORNING <= clock < EVENING:
            return at
        if clock < MORNING:
            return _on(day, MORNING, zone)
    return _on(working_days.first_from(day + working_days.DAY, calendar), MORNING, zone)


def _before(at: datetime, zone: str, calendar: str) -> datetime:
    """The last beginning of a last working hour before `at`."""
    local = at.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() >= LAST_HOUR else local.date() - working_days.DAY
    return _on(working_days.last_until(day, calendar), LAST_HOUR, zone)


def _on(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
