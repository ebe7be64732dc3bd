"""Pages about organisations: which are mine, who is in one, and what it is called."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import arriving, joining
from accounts.forms import OrganisationForm
from accounts.models import Invitation, Membership, Organisation, Role
from accounts.permissions import role_in
from accounts.views.pages import SignedInRequest, by, form_page, managed, refused, visible
from notifications import clock


@login_required
@require_safe
def my_organisations(request: SignedInRequest) -> HttpResponse:
    """One's organisations and open invitations; with one organisation and nothing open, that organisation's page."""
    memberships = list(
        Membership.objects.filter(user=request.user).select_related("organisation").order_by("organisation__name", "id")
    )
    invitations = joining.invitations_for(request.user, now=clock.now())
    if len(memberships) == 1 and not invitations:
        return redirect("accounts:organisation_detail", memberships[0].organisation.code)
    links = [(invitation, joining.link(invitation)) for invitation in invitations]
    return render(request, "accounts/organisations.html", {"memberships": memberships, "invitations": links})


@login_required
@require_safe
def organisation(request: SignedInRequest, code: str) -> HttpResponse:
    shown = visible(request.user, code)
    role = role_in(request.user, shown)
    members = shown.memberships.select_related("user").order_by("user__is_service", "user__name", "user__email")
    context = {
        "organisation": shown,
        "role": Role(role) if role else None,
        "may_manage": role == Role.ADMIN,
        "members": members,
        "invitations": Invitation.objects.visible_to(request.user).filter(organisation=shown).open(clock.now()),
    }
    return render(request, "accounts/organisation.html", context)


@login_required
@form_page
def create_organisation(request: SignedInRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None)
    made: list[Organisation] = []
    status = 200
    if request.method == "POST":
        status = refused(form, lambda: made.append(joining.create_organisation(by=by(request), **form.cleaned_data)))
        if not status:
            messages.success(request, f"{made[0]} has been created. You are its administrator.")
            if arriving.is_here(request, next_page := request.GET.get("next", "")):
                return redirect(next_page)
            return redirect("accounts:organisation_detail", made[0].code)
    return render(request, "accounts/organisation_form.html", {"form": form}, status=status)


@login_required
@form_page
def edit_organisation(request: SignedInRequest, code: str) -> HttpResponse:
    shown = managed(request, code)
    form = OrganisationForm(request.POST or None, instance=visible(request.user, code))
    status = 200
    if request.method == "POST":
        status = refused(form, lambda: joining.change_details(by=by(request), organisation=shown, **form.cleaned_data))
        if not status:
            messages.success(request, "The details have been saved.")
            return redirect("accounts:organisation_detail", code)
    return render(request, "accounts/organisation_form.html", {"form": form, "organisation": shown}, status=status)
