"""Sign-off: what would be filed, to be read and signed; and asking those who may."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import can_sign_off
from notifications.refusal import Refusal
from responses import signing
from responses.approval import named
from responses.forms import NoteForm
from responses.models import SignOff
from responses.pages import SignedInRequest, by, desk, next_deadline, page, private


@private
@require_http_methods(["GET", "HEAD", "POST"])
def sign_off(request: SignedInRequest, code: str) -> HttpResponse:
    """GET shows exactly what is signed; POST signs it if it is still that."""
    here = desk(request, code)
    form, refusal = NoteForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST":
        try:
            signing.sign(
                response=here.response, checked=request.POST.get("checked", ""), note=request.POST.get("note", ""),
                by=by(request), now=here.now,
            )  # fmt: skip
        except Refusal as raised:
            refusal = raised
        else:
            messages.success(request, "You have signed it off. Who may submit it has been told.")
            return redirect("responses:detail", code)
    ready = signing.look(here.response, here.now)
    context = here.context(
        form=form,
        refusal=refusal,
        prepared=ready.prepared,
        content=ready.prepared.content,
        approval=ready.approval,
        may_sign=request.user in ready.approval.signers,
        has_right=can_sign_off(request.user, here.response.organisation),
        next_deadline=next_deadline(ready.prepared.parts, here.now),
        signatures=SignOff.objects.filter(response=here.response).select_related("by").defer("content"),
    )
    return page(request, "sign_off", context, status=refusal.status if refusal else 200)


@private
@require_POST
def ask(request: SignedInRequest, code: str) -> HttpResponse:
    here = desk(request, code)
    try:
        asked = signing.ask(response=here.response, by=by(request), now=here.now)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"Asked for sign-off: {named(asked)}. Nobody is asked twice for the same text.")
    return redirect("responses:sign_off", code)
