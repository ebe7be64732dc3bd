"""Asking for more time, and what was decided."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.models import Organisation
from consultations.models import Deadline
from notifications.refusal import Refusal
from responses import more_time
from responses.models import Allowance, TimeRequest
from responses.pages import SignedInRequest, by, deadlines_of, desk, page, private, refuse_in
from responses.time_forms import MoreTimeForm


@private
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: SignedInRequest, code: str) -> HttpResponse:
    here = desk(request, code)
    response = here.response
    deadlines = [deadline for deadline in deadlines_of(response.consultation) if deadline.closes_at]
    form = MoreTimeForm(deadlines, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                more_time.ask(organisation=response.organisation, by=by(request), now=here.now, **form.given())
            except Refusal as refusal:
                status = refuse_in(form, refusal)
            else:
                messages.success(request, "You have asked for more time. You will be told by e-mail what is decided.")
                return redirect("responses:more_time", code)
    requests = asked_for([response.organisation], deadlines)
    context = here.context(form=form, requests=requests, may_ask=here.may_submit and not here.untaken and deadlines)
    return page(request, "more_time", context, status=status)


def asked_for(organisations: list[Organisation], deadlines: list[Deadline]) -> list[TimeRequest]:
    """What these asked for under these deadlines, newest first; `given` is the allowance that came of it, or None."""
    requests = TimeRequest.objects.filter(organisation__in=organisations, deadline__in=deadlines)
    found = list(requests.select_related("organisation", "deadline", "asked_by"))
    given = {row.request_id: row for row in Allowance.objects.filter(request__in=found).select_related("used_in")}
    for row in found:
        row.given = given.get(row.pk)  # type: ignore[attr-defined]
    return found
