"""The rules of one reminder: its civil moment, whether it is still wanted, and what is left to file.

responses/reminders.py asks the same of everybody at once, in SQL; tests hold the two against each other.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import Membership, User
from accounts.permissions import MAY_DRAFT
from consultations import following
from consultations.models import Deadline, Follow, Question, Section
from responses.models import Response
from responses.querysets import State

HOUR = time(9)
WORKABLE = timedelta(hours=12)  # closing before noon, the last day to work on is the day before


def last_day(closes_at: datetime, time_zone: str) -> date:
    """The last day that can be worked on, in the deadline's own zone."""
    local = closes_at.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local - WORKABLE).date()


def moment(closes_at: datetime, time_zone: str, days: int) -> datetime:
    """When the reminder of so many days before is due, in UTC."""
    day = last_day(closes_at, time_zone) - timedelta(days=days)
    return datetime.combine(day, HOUR, ZoneInfo(time_zone)).astimezone(UTC)


def nearest(deadline: Deadline, person: User, now: datetime) -> int | None:
    """Of the days that the person chose, the nearest whose moment has come; None before the first."""
    closes_at = deadline.closes_at
    if closes_at is None:
        return None
    return min((days for days in person.lead_days if moment(closes_at, deadline.time_zone, days) <= now), default=None)


def time_left(deadline: Deadline, now: datetime) -> str:
    """ "7 days left", counted in working days of the deadline's own calendar and not from when it was planned."""
    if deadline.closes_at is None:
        return "No closing date"
    today = now.astimezone(ZoneInfo(deadline.time_zone)).date()
    days = (last_day(deadline.closes_at, deadline.time_zone) - today).days
    if days > 1:
        return f"{days} days left"
    return {1: "One day left", 0: "Last day"}.get(days, "Last hours")


def why_not(deadline: Deadline, person: User, *, days: int, now: datetime) -> str:
    """Why this reminder is no longer to be sent; "" when it is. Asked as it goes out."""
    paper = deadline.consultation
    if paper.withdrawn_at or not paper.is_public(now):
        return "The consultation was withdrawn."
    if not deadline.is_open(now):
        return "The deadline has passed."
    if nearest(deadline, person, now) != days:
        return "A reminder nearer to the deadline takes its place, or the person no longer wants this one."
    if Follow.objects.filter(user=person, consultation=paper, muted=True).exists():
        return "This person wants no e-mails about this consultation."
    working_on = responses_of(deadline, person)
    if working_on.exists():
        return "" if unfinished(deadline, person) else "It has been submitted."
    return "" if following.hears(user=person, consultation=paper) else "This person no longer follows it."


def responses_of(deadline: Deadline, person: User) -> QuerySet[Response]:
    """Those that the person may work on, for any organisation."""
    mine = Membership.objects.filter(user=person, role__in=MAY_DRAFT)
    return Response.objects.filter(consultation=deadline.consultation_id, organisation__in=mine.values("organisation"))


def unfinished(deadline: Deadline, person: User) -> list[Response]:
    """Those of the person's with something still to file for this deadline."""
    found = responses_of(deadline, person).select_related("organisation", "consultation", "latest").order_by("pk")
    return [response for response in found if not covers(response, deadline)]


def covers(response: Response, deadline: Deadline) -> bool:
    """What stands submitted counts for this deadline (the rule is at the top of responses/reminders.py)."""
    if response.state != State.SUBMITTED or response.latest is None:
        return False
    if not Deadline.objects.filter(consultation=deadline.consultation_id).exclude(pk=deadline.pk).exists():
        return True
    if not Question.objects.filter(section__deadline=deadline).exists():
        return True
    filed = [section["id"] for section in response.latest.content["sections"]]
    return Section.objects.filter(pk__in=filed, deadline=deadline).exists()
