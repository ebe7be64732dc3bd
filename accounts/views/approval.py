"""Pages about sign-off: whether the organisation asks for it, and who may give it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts import approving
from accounts.forms import MayForm, SignOffForm
from accounts.views.members import person_in
from accounts.views.pages import SignedInRequest, by, form_page, managed, refused


@login_required
@form_page
def sign_off_rule(request: SignedInRequest, code: str) -> HttpResponse:
    shown = managed(request, code)
    form = SignOffForm(request.POST or None, initial={"rule": shown.sign_off})
    status = 200
    if request.method == "POST":
        status = refused(
            form, lambda: approving.set_rule(by=by(request), organisation=shown, rule=form.cleaned_data["rule"])
        )
        if not status:
            messages.success(request, "The rule for sign-off has been saved.")
            return redirect("accounts:organisation_detail", code)
    context = {"form": form, "organisation": shown, "heading": "Sign-off before filing"}
    return render(request, "accounts/choice.html", context, status=status)


@login_required
@form_page
def may_sign_off(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    shown = managed(request, code)
    member = person_in(shown, pk)
    form = MayForm(request.POST or None, initial={"may_sign_off": "yes" if member.may_sign_off else "no"})
    status = 200
    if request.method == "POST":
        status = refused(
            form,
            lambda: approving.allow(by=by(request), membership=member, may=form.cleaned_data["may_sign_off"]),
        )
        if not status:
            messages.success(request, f"What {member.user} may sign off has been saved.")
            return redirect("accounts:organisation_detail", code)
    context = {"form": form, "organisation": shown, "heading": f"Sign-off by {member.user}"}
    return render(request, "accounts/choice.html", context, status=status)
