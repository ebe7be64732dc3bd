"""Members look after the guests of a response; whoever is invited says yes or no; a guest sees what was shared."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import arriving, joining
from notifications import clock
from notifications.refusal import NotAllowed, Refusal
from responses import guests
from responses.guest_forms import InviteGuestForm, ShareForm
from responses.models import Guest, Response
from responses.pages import Desk, SignedInRequest, by, desk, guest_desk, page, private, refuse_in


# --- For members ------------------------------------------------------------------------------------------------------
@private
@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: SignedInRequest, code: str) -> HttpResponse:
    """Who sees the response from outside: for every member to read. POST invites one more."""
    here = desk(request, code)
    sections = [part.section for part in here.parts()]
    form = InviteGuestForm(sections, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = _done(
            form, lambda: guests.invite(response=here.response, by=by(request), now=here.now, **form.given())
        )
        if not status:
            messages.success(request, f"An invitation is on its way to {form.cleaned_data['email']}.")
            return redirect("responses:guests", code)
    rows = Guest.objects.filter(response=here.response).select_related("invited_by", "user", "ended_by")
    listed = list(rows.prefetch_related("sections").order_by("-id")[: 4 * guests.MOST_GUESTS])
    context = here.context(
        form=form,
        standing=[row for row in listed if not row.ended_at and not row.declined_at],
        past=[row for row in listed if row.ended_at or row.declined_at],
    )
    return page(request, "guests", context, status=status)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest, code: str, guest: str) -> HttpResponse:
    here = desk(request, code)
    if not here.may_submit:
        raise NotAllowed("Only a submitter or an administrator looks after guests.")
    found = _standing(here, guest)
    sections = [part.section for part in here.parts()]
    form = ShareForm(sections, request.POST if request.method == "POST" else None, guest=found)
    status = 200
    if request.method == "POST":
        status = _done(form, lambda: guests.change(guest=found, by=by(request), now=here.now, **form.given()))
        if not status:
            messages.success(request, f"What is shared with {found.email} is changed.")
            return redirect("responses:guests", code)
    return page(request, "guest", here.context(form=form, guest=found), status=status)


@private
@require_POST
def end(request: SignedInRequest, code: str, guest: str) -> HttpResponse:
    here = desk(request, code)
    found = get_object_or_404(Guest.objects.filter(response=here.response), code=guest)
    guests.end(guest=found, by=by(request), now=here.now)
    messages.success(request, f"{found.email} no longer sees this response.")
    return redirect("responses:guests", code)


def _standing(here: Desk, code: str) -> Guest:
    return get_object_or_404(Guest.objects.standing().filter(response=here.response), code=code)


def _done(form: ShareForm, act: Callable[[], object]) -> int:
    """0: done; else the status of the page that says at which field why not."""
    if not form.is_valid():
        return 400
    try:
        act()
    except Refusal as refusal:
        return refuse_in(form, refusal)
    return 0


# --- For who is invited -----------------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Open to all who hold the link; accepting and declining take the account with the invited address."""
    guest = guests.read_token(token)
    if guest is None:
        raise Http404
    why_not = guests.why_not(guest, now=clock.now())
    context = {"guest": guest, "response": guest.response, "why_not": why_not, "next": request.path}
    if not request.user.is_authenticated:
        if not why_not:
            arriving.remember(request)
        answer: HttpResponseBase = page(request, "guest_invitation", context)
    else:
        answer = _answered(request, token, guest, context)
    patch_cache_control(answer, private=True)
    return answer


@private
def _answered(request: SignedInRequest, token: str, guest: Guest, context: dict[str, object]) -> HttpResponse:
    arriving.forget(request)
    if request.method == "POST":
        return _said(request, token, guest, context)
    if Guest.objects.of(request.user).filter(pk=guest.pk).exists():
        return redirect("responses:shared", guest.response.code)
    context["is_addressed"] = joining.has_address(request.user, guest.email)
    return page(request, "guest_invitation", context)


def _said(request: SignedInRequest, token: str, guest: Guest, context: dict[str, object]) -> HttpResponse:
    says_no = "decline" in request.POST
    try:
        (guests.decline if says_no else guests.accept)(token=token, by=by(request))
    except Refusal as refusal:
        return page(request, "guest_invitation", {**context, "why_not": refusal.message}, status=refusal.status)
    if says_no:
        messages.success(request, "You have declined the invitation.")
        return redirect("responses:list")
    messages.success(request, f"You are a guest of {guest.response.organisation} now.")
    return redirect("responses:shared", guest.response.code)


# --- For guests -------------------------------------------------------------------------------------------------------
@private
@require_safe
def shared(request: SignedInRequest, code: str) -> HttpResponse:
    """A guest's own front page of a response: the sections that were shared, and until when."""
    if Response.objects.of(request.user).filter(code=code).exists():
        return redirect("responses:detail", code)
    here = guest_desk(request, code)
    parts = here.parts()
    context = here.context(
        parts=parts,
        deadlines=here.deadlines(parts),
        is_open=any(part.is_open for part in parts) and not here.untaken,
        answered=sum(part.answered for part in parts),
        total=sum(part.total for part in parts),
    )
    return page(request, "shared", context)


@private
@require_POST
def leave(request: SignedInRequest, code: str) -> HttpResponse:
    here = guest_desk(request, code)
    if here.guest is None:
        raise Http404
    guests.end(guest=here.guest, by=by(request), now=here.now)
    messages.success(request, f"You no longer see this response of {here.response.organisation}.")
    return redirect("responses:list")
