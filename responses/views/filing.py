"""Check your answers, submit them, withdraw them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from notifications import clock
from notifications.refusal import Refusal
from responses import approval, snapshot, submission
from responses.forms import WithdrawForm
from responses.models import Response, SpokenFor
from responses.pages import Desk, SignedInRequest, by, desk, next_deadline, page, private, refuse_in, shown, until
from responses.querysets import State
from responses.submission import Prepared


@private
@require_safe
def check(request: SignedInRequest, code: str) -> HttpResponse:
    """Exactly what would be filed, what would be left out and why, and what stands in the way."""
    return _check(request, desk(request, code))


@private
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: SignedInRequest, code: str) -> HttpResponse:
    """File it and show the receipt. Sent twice, the second finds what the first filed. GET: after signing in again."""
    if request.method != "POST":
        return redirect("responses:check", code)
    arrived_at = clock.now()  # what lateness is decided by: before anything here takes time
    response = get_object_or_404(Response.objects.of(request.user), code=code)
    try:
        filed = submission.submit(
            response=response, by=by(request), now=arrived_at, checked=request.POST.get("checked", "")
        )
    except Refusal as refusal:
        return _check(request, desk(request, code), refusal)
    return redirect("responses:receipt", filed.receipt.code)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: SignedInRequest, code: str) -> HttpResponse:
    here = desk(request, code)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            submission.withdraw(response=here.response, reason=reason, by=by(request), now=here.now)
        except Refusal as refusal:
            status = refuse_in(form, refusal)
        else:
            messages.success(request, "The response is withdrawn. What was filed stays on record, marked as withdrawn.")
            return redirect("responses:detail", code)
    may_withdraw = here.may_submit and here.response.may_become(State.WITHDRAWN)
    return page(request, "withdraw", here.context(form=form, may_withdraw=may_withdraw), status=status)


def _check(request: SignedInRequest, here: Desk, refusal: Refusal | None = None) -> HttpResponse:
    response = here.response
    prepared = submission.prepare(response, here.now)
    parts = shown(prepared.parts, response.consultation)
    standing = response.latest if response.state == State.SUBMITTED else None
    context = here.context(
        prepared=prepared,
        content=prepared.content,
        parts=parts,
        problems=_linked(here, prepared),
        outdated=snapshot.outdated(prepared.parts, prepared.content),
        unasked=[item for part in parts if part.is_open for item in part.unasked if item.is_given],
        until=until(parts, here.now),
        next_deadline=next_deadline(parts, here.now),
        open_parts=[part for part in parts if part.is_open],
        standing=standing,
        unlisted=0 if here.has_members else SpokenFor.objects.filter(response=response).count(),
        is_filed=standing is not None and snapshot.is_filed_as(standing, prepared.content),
        approval=approval.of(response, prepared.content),
        refusal=refusal,
    )
    return page(request, "check", context, status=refusal.status if refusal else 200)


def _linked(here: Desk, prepared: Prepared) -> list[tuple[str, str]]:
    """What stands in the way, each with the address where it is put right."""
    code = here.response.code
    sections = {item.question.code: part.section.pk for part in prepared.parts for item in part.items}
    places = {
        "answers": reverse("responses:detail", args=[code]),
        "consents": reverse("responses:consents", args=[code]),
    }
    return [
        (sentence, places.get(key) or f"{reverse('responses:section', args=[code, sections[key]])}#question-{key}")
        for key, sentence in prepared.problems
    ]
