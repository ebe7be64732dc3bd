"""The three consents: the text, the name, freedom of information."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from notifications.refusal import Refusal
from responses import drafting
from responses.forms import ConsentsForm
from responses.pages import SignedInRequest, by, desk, page, private, refuse_in


@private
@require_http_methods(["GET", "HEAD", "POST"])
def state(request: SignedInRequest, code: str) -> HttpResponse:
    here = desk(request, code)
    names = ("text_consent", "name_consent", "foi_position", "foi_reason")
    stated = {name: getattr(here.response, name) for name in names}
    form = ConsentsForm(request.POST if request.method == "POST" else None, initial=stated)
    status = 200
    if request.method == "POST":
        try:
            given = {name: request.POST.get(name, "") for name in names}
            drafting.state_consents(response=here.response, by=by(request), now=here.now, **given)
        except Refusal as refusal:
            status = refuse_in(form, refusal)
        else:
            messages.success(request, "Your consents are saved.")
            return redirect("responses:detail", code)
    may_write = here.may_draft and not here.untaken
    return page(request, "consents", here.context(form=form, may_write=may_write), status=status)
