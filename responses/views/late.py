"""Late acceptance for an organisation that began no response before everything closed: asked for, and then begun."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.models import Membership, User
from accounts.permissions import MAY_DRAFT, MAY_SUBMIT
from consultations.closing import zone_of
from consultations.models import Consultation
from notifications import clock
from notifications.refusal import Refusal
from responses import allowances, more_time
from responses.models import Response
from responses.pages import (
    SignedInRequest,
    bodies_of,
    by,
    code_in,
    deadlines_of,
    page,
    private,
    refuse_in,
    untaken,
)
from responses.time_forms import LateForm
from responses.views.more_time import asked_for


@private
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: SignedInRequest) -> HttpResponse:
    """`?consultation=<code>`. Who has a response already is led to that response's page."""
    now = clock.now()
    papers = Consultation.objects.visible_to(request.user, now).prefetch_related(bodies_of(""))
    paper = get_object_or_404(papers, code=code_in(request.GET.get("consultation", "")))
    there = Response.objects.of(request.user).filter(consultation=paper).first()
    roles = _without_response(request.user, paper)
    if there and not roles:
        return redirect("responses:more_time", there.code)
    asking = [row.organisation for row in roles if row.role in MAY_SUBMIT]
    deadlines = [deadline for deadline in deadlines_of(paper) if deadline.closes_at]
    form = LateForm(asking, deadlines, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 400
        if asking and form.is_valid():
            try:
                more_time.ask(by=by(request), now=now, **form.given())
            except Refusal as refusal:
                status = refuse_in(form, refusal)
            else:
                messages.success(request, "You have asked to respond late. You will be told by e-mail what is decided.")
                return redirect(f"{reverse('responses:late')}?{urlencode({'consultation': paper.code})}")
    organisations = [row.organisation for row in roles]
    more = {"requests": asked_for(organisations, deadlines), "deadlines": deadlines, "asking": asking, "form": form}
    return page(request, "late", {**_context(paper, roles, now), **more}, status=status)


def _without_response(user: User, paper: Consultation) -> list[Membership]:
    """Where one may draft and nothing was begun."""
    begun = Response.objects.filter(organisation=OuterRef("organisation"), consultation=paper)
    mine = Membership.objects.filter(~Exists(begun), user=user, role__in=MAY_DRAFT)
    return list(mine.select_related("organisation").order_by("organisation__name"))


def _context(paper: Consultation, roles: list[Membership], now: datetime) -> dict[str, Any]:
    return {
        "consultation": paper,
        "rehearsal": paper.is_rehearsal,
        "zone": zone_of(paper),
        "now": now,
        "may_draft": bool(roles),
        "may_begin": any(allowances.lets_begin(row.organisation, paper, now) for row in roles),
        "untaken": untaken(paper, now),
    }
