"""The rules of one reminder: whether it is still wanted, and what is left to file.

responses/reminders.py asks the same of everybody at once, in SQL; tests hold the two against each other.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import Membership, User
from accounts.permissions import MAY_DRAFT
from consultations import following
from consultations.models import Deadline, Follow, Question, Section
from responses import reminders
from responses.models import Response
from responses.moments import last_day
from responses.querysets import State


def nearest(deadline: Deadline, person: User, now: datetime) -> str | None:
    """Of the lead times that the person chose, the nearest whose moment has come; None before the first."""
    leads = leads_of(deadline, person)
    about = reminders.with_news(now).filter(pk=deadline.pk)
    found = reminders.worked_out(about, [(person.time_zone, person.holidays)], leads, until=now)
    return found[0]["lead"] if found else None


def leads_of(deadline: Deadline, person: User) -> set[str]:
    """Every lead time that the person wants for this paper: through each follow that brings it, and for their work."""
    follows = following.bringing(user=person, consultation=deadline.consultation)
    chosen = [person.leads if leads is None else leads for leads in follows.values_list("leads", flat=True)]
    if responses_of(deadline, person).exists():
        chosen.append(person.leads)
    return {lead for leads in chosen for lead in leads}


def time_left(deadline: Deadline, now: datetime) -> str:
    """ "7 days left", counted in days of the deadline's own calendar and not from when it was planned."""
    if deadline.closes_at is None:
        return "No closing date"
    today = now.astimezone(ZoneInfo(deadline.time_zone)).date()
    days = (last_day(deadline.closes_at, deadline.time_zone) - today).days
    if days > 1:
        return f"{days} days left"
    return {1: "One day left", 0: "Last day"}.get(days, "Last hours")


def why_not(deadline: Deadline, person: User, *, lead: str, now: datetime) -> str:
    """Why this reminder is no longer to be sent; "" when it is. Asked as it goes out."""
    paper = deadline.consultation
    if paper.withdrawn_at or not paper.is_public(now):
        return "The consultation was withdrawn."
    if not deadline.is_open(now):
        return "The deadline has passed."
    if Follow.objects.filter(user=person, consultation=paper, muted=True).exists():
        return "This person wants no e-mails about this consultation."
    if responses_of(deadline, person).exists():
        if not unfinished(deadline, person):
            return "It has been submitted."
    elif not following.bringing(user=person, consultation=paper).exists():
        return "This person no longer follows it."
    if nearest(deadline, person, now) != lead:
        return "A reminder nearer to the deadline takes its place, or the person no longer wants this one."
    return ""


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
