"""The page of one's own calendar address, and what is read there."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.record import by_request
from consultations import calendars
from consultations.subscribing import published
from notifications import clock
from responses import subscribing
from responses.pages import SignedInRequest, page, private


@private
@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    """The address, to be copied into a calendar, and the button that makes another."""
    return page(request, "calendar", {"address": subscribing.address_of(user=request.user, now=clock.now())})


@private
@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    subscribing.renew(by=by_request(request, "page"))
    messages.success(request, "You have a new calendar address. The old one no longer works.")
    return redirect("responses:calendar")


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar at a person's own address; whoever knows the address reads it, so nobody else is to know it."""
    now = clock.now()
    person = subscribing.person_at(token)
    if person is None:
        raise Http404
    body, changed_at = subscribing.calendar(person, now)
    return published(request, body, media_type=calendars.MEDIA_TYPE, changed_at=changed_at, private=True)
