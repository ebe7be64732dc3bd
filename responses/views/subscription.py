"""The page of one's own calendar address, and what is read there."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Organisation, Role
from accounts.record import by_request
from consultations import calendars
from consultations.subscribing import published
from notifications import clock
from responses import subscribing
from responses.models import CalendarAddress
from responses.pages import SignedInRequest, page, private


@private
@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    """The address, to be copied into a calendar, and the button that makes another; those of the organisations that
    one administers, which they have once they want one."""
    managed = list(
        Organisation.objects.filter(memberships__user=request.user, memberships__role=Role.ADMIN).order_by("name")
    )
    rows = {row.organisation_id: row for row in CalendarAddress.objects.filter(organisation__in=managed)}
    organisations = [(each, subscribing.url_of(rows[each.pk]) if each.pk in rows else "") for each in managed]
    address = subscribing.address_of(user=request.user, now=clock.now())
    return page(request, "calendar", {"address": address, "organisations": organisations})


@private
@require_POST
def renew(request: SignedInRequest) -> HttpResponse:
    subscribing.renew(by=by_request(request, "page"))
    messages.success(request, "You have a new calendar address. The old one no longer works.")
    return redirect("responses:calendar")


@private
@require_POST
def renew_for(request: SignedInRequest, organisation: str) -> HttpResponse:
    """Make the organisation's address or another one; with `end`, none."""
    chosen = get_object_or_404(Organisation.objects.filter(memberships__user=request.user), code=organisation)
    if "end" in request.POST:
        subscribing.end_for(organisation=chosen, by=by_request(request, "page"))
        messages.success(request, f"The calendar address of {chosen} no longer works.")
    else:
        subscribing.renew_for(organisation=chosen, by=by_request(request, "page"))
        messages.success(request, f"{chosen} has a new calendar address. If it had one before, that no longer works.")
    return redirect("responses:calendar")


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar at a person's or an organisation's own address, read by whoever knows the address."""
    now = clock.now()
    owner = subscribing.owner_at(token)
    if owner is None:
        raise Http404
    body, changed_at = subscribing.calendar(owner, now)
    return published(request, body, media_type=calendars.MEDIA_TYPE, changed_at=changed_at, private=True)
