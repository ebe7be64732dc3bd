"""Pages about invitations: sending one, taking it back, and what the invited person sees."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts import arriving, joining
from accounts.forms import InviteForm
from accounts.models import Invitation
from accounts.permissions import role_in
from accounts.views.pages import SignedInRequest, by, form_page, managed, refused
from notifications import clock
from notifications.refusal import Refusal


@login_required
@form_page
def invite(request: SignedInRequest, code: str) -> HttpResponse:
    shown = managed(request, code)
    form = InviteForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = refused(
            form,
            lambda: joining.invite(by=by(request), organisation=shown, now=clock.now(), **form.cleaned_data),
        )
        if not status:
            messages.success(request, f"An invitation is on its way to {form.cleaned_data['email']}.")
            return redirect("accounts:organisation_detail", code)
    return render(request, "accounts/invite.html", {"form": form, "organisation": shown}, status=status)


@login_required
@require_POST
def revoke_invitation(request: SignedInRequest, code: str, invitation: str) -> HttpResponse:
    shown = managed(request, code)
    found = get_object_or_404(Invitation.objects.visible_to(request.user), organisation=shown, code=invitation)
    joining.revoke(by=by(request), invitation=found)
    messages.success(request, f"The invitation to {found.email} has been withdrawn.")
    return redirect("accounts:organisation_detail", code)


@form_page
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Open to all who hold the link; joining takes the account with the invited address."""
    invitation = joining.read_token(token)
    if invitation is None:
        raise Http404
    user, now = request.user, clock.now()
    context = {"invitation": invitation, "next": request.path, "why_not": joining.why_not(invitation, now=now)}
    if not user.is_authenticated:
        if not context["why_not"]:
            arriving.remember(request)
        return render(request, "accounts/invitation.html", context)
    if request.method == "POST":
        return accepted(request, invitation, token, context)
    arriving.forget(request)
    if invitation.accepted_by_id == user.pk and role_in(user, invitation.organisation):
        return redirect("accounts:organisation_detail", invitation.organisation.code)
    context["is_addressed"] = joining.is_addressed_to(invitation, user)
    return render(request, "accounts/invitation.html", context)


def accepted(request: HttpRequest, invitation: Invitation, token: str, context: dict[str, object]) -> HttpResponse:
    try:
        joining.accept(by=by(request), token=token, now=clock.now())
    except Refusal as refusal:
        return render(
            request, "accounts/invitation.html", {**context, "why_not": refusal.message}, status=refusal.status
        )
    arriving.forget(request)
    messages.success(request, f"You have joined {invitation.organisation}.")
    return redirect("accounts:organisation_detail", invitation.organisation.code)
