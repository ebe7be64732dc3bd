"""The page that says what Soundings will send: each reminder, when, why, and what became of it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import addresses
from accounts.emails import reachable
from accounts.models import User
from consultations import managing
from consultations.closing import closing, moment
from consultations.models import Follow
from notifications import clock
from notifications.models import State
from responses import expecting
from responses.expecting import Coming, Expected
from responses.pages import SignedInRequest, page, private


@private
@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    """What comes if nothing changes, worked out by the code that sends it."""
    return _shown(request, request.user, choose_url=reverse("consultations:following"))


@never_cache
@require_safe
def show_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The same for an address without an account, by the link that lets its reader choose."""
    person = managing.read(token)
    if not addresses.is_bare(person):
        return redirect("responses:expected")
    return _shown(request, person, choose_url=reverse("consultations:manage", args=[token]))


def _shown(request: HttpRequest, person: User, *, choose_url: str) -> HttpResponse:
    now = clock.now()
    rows = expecting.expected(person=person, now=now)
    context = {
        "deadlines": [_deadline(row, person, now) for row in rows],
        "openings": [
            {"paper": paper, "at": moment(paper.opens_at, person.time_zone)}
            for paper in expecting.openings(person=person, now=now)
            if paper.opens_at
        ],
        "digests": [
            {"at": moment(at, person.time_zone), "things": things} for at, things in expecting.digests(person=person)
        ],
        "most": expecting.MOST if len(rows) >= expecting.MOST else 0,
        "can_come": reachable().filter(pk=person.pk).exists(),
        "choose_url": choose_url,
        "menu_path": f"{choose_url}coming/",
    }
    return page(request, "expected", context)


def _deadline(row: Expected, person: User, now: datetime) -> dict[str, Any]:
    zone = row.deadline.time_zone
    return {
        "deadline": row.deadline,
        "paper": row.deadline.consultation,
        "closes": closing(row.deadline, zones=[person.time_zone]),
        "finished": row.finished,
        "reminders": [_reminder(each, zone, person, now) for each in row.reminders],
    }


def _reminder(coming: Coming, zone: str, person: User, now: datetime) -> dict[str, Any]:
    """In the reader's zone, in whose working hours it comes, and in the deadline's, in which it is counted."""
    there, here = moment(coming.at, zone), moment(coming.at, person.time_zone)
    return {
        "words": coming.words[:1].upper() + coming.words[1:],
        "here": here,
        "there": there if zone != person.time_zone else "",
        "through": ["it" if row.consultation_id else row.target + _whose(row) for row in coming.follows],
        "working": coming.working,
        "became": _became(coming, person, now),
        "is_past": coming.state in (State.SENT, State.SKIPPED, State.FAILED),
    }


def _whose(follow: Follow) -> str:
    return f" (for {follow.organisation})" if follow.organisation else ""


def _became(coming: Coming, person: User, now: datetime) -> str:
    if coming.sent_at:
        return f"Sent {moment(coming.sent_at, person.time_zone)}"
    if coming.state in (State.SKIPPED, State.FAILED):
        return f"Not sent. {coming.reason}"
    if coming.state is not None:
        return "Being sent"
    return "Will come" if coming.at > now else "Comes within a minute or two"
