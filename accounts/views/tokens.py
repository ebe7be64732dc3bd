"""Pages about keys to the API."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import tokens
from accounts.forms import ONESELF, TokenForm
from accounts.models import ApiToken, Organisation, OrganisationKind, Role
from accounts.views.pages import Confirmation, SignedInRequest, by, confirm, form_page, refused
from notifications import clock

CREATED = "token_created"  # in the session: what the next page shows, and no page after it


@login_required
@require_safe
def list_tokens(request: SignedInRequest) -> HttpResponse:
    """Those that still open something; revoked and expired ones are in the record."""
    usable = ApiToken.objects.visible_to(request.user).usable(clock.now())
    listed = usable.select_related("user", "organisation").order_by("organisation__name", "-id")
    return render(request, "accounts/tokens.html", {"tokens": listed})


@login_required
@never_cache
@form_page
def create_token(request: SignedInRequest) -> HttpResponse:
    administered = Organisation.objects.filter(memberships__user=request.user, memberships__role=Role.ADMIN).exclude(
        kind=OrganisationKind.INDIVIDUAL
    )
    form = TokenForm(request.POST or None, organisations=administered)
    made: list[tuple[ApiToken, str]] = []
    status = 200
    if request.method == "POST":
        status = refused(form, lambda: made.append(make(request, administered, form.cleaned_data)))
        if not status:
            token, secret = made[0]
            request.session[CREATED] = {"prefix": token.prefix, "secret": secret}
            return redirect("accounts:token_created")
    return render(request, "accounts/token_form.html", {"form": form}, status=status)


@login_required
@never_cache
@require_safe
def show_token(request: SignedInRequest) -> HttpResponse:
    """Once after it was made: a page that is loaded again makes nothing and shows nothing."""
    created = request.session.pop(CREATED, None)
    token = ApiToken.objects.visible_to(request.user).filter(prefix=created["prefix"]).first() if created else None
    if token is None:
        messages.warning(request, "A token is shown once. Revoke it and create another where it was not copied.")
        return redirect("accounts:tokens")
    return render(request, "accounts/token_created.html", {"token": token, "secret": created["secret"]})


def make(request: SignedInRequest, administered: Any, data: dict[str, Any]) -> tuple[ApiToken, str]:
    expires_in = timedelta(days=data["days"]) if data["days"] else None
    if data["owner"] == ONESELF:
        return tokens.create(by=by(request), user=request.user, name=data["name"], expires_in=expires_in)
    organisation = get_object_or_404(administered, code=data["owner"])
    return tokens.create(
        by=by(request), organisation=organisation, role=data["role"], name=data["name"], expires_in=expires_in
    )


@login_required
@form_page
def revoke_token(request: SignedInRequest, prefix: str) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.visible_to(request.user), prefix=prefix)
    page = Confirmation(
        title=f"Revoke “{token.name}”?",
        text="Programs that use this token can no longer call the API. This cannot be undone.",
        button="Revoke this token",
        back=resolve_url("accounts:tokens"),
        then=resolve_url("accounts:tokens"),
        done=f"The token “{token.name}” has been revoked.",
    )
    return confirm(request, page, lambda: tokens.revoke(by=by(request), token=token))
