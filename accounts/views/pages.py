"""What this room's views share: who is asking, and how a flow's refusal gets to its field on the page."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import Organisation, User
from accounts.permissions import can_manage
from accounts.record import By, by_request
from notifications.refusal import NotAllowed, Refusal

INVALID = 400
form_page = require_http_methods(["GET", "HEAD", "POST"])


class SignedInRequest(HttpRequest):
    """What a view behind `login_required` gets."""

    user: User


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A page that asks once before something that cannot be taken back, and what to say afterwards."""

    title: str
    text: str
    button: str
    back: str
    then: str
    done: str


def by(request: HttpRequest) -> By:
    return by_request(request, "page")


def visible(user: User | AnonymousUser, code: str) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(user), code=code)


def managed(request: SignedInRequest, code: str) -> Organisation:
    """For an administrator of it. A member is told that it takes one; a stranger is told nothing."""
    organisation = visible(request.user, code)
    if not can_manage(request.user, organisation):
        raise NotAllowed("Only an administrator of the organisation can do this.")
    return organisation


def refused(form: forms.BaseForm, act: Callable[[], object]) -> int:
    """Do it if the form is valid. 0: done; else the status of the page that says at which field why not."""
    if not form.is_valid():
        return INVALID
    try:
        act()
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return refusal.status
    return 0


def confirm(request: HttpRequest, page: Confirmation, act: Callable[[], object]) -> HttpResponse:
    """GET asks, POST does."""
    form = forms.Form(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = refused(form, act)
        if not status:
            messages.success(request, page.done)
            return redirect(page.then)
    return render(request, "accounts/confirm.html", {"page": page, "form": form}, status=status)
