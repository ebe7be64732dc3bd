"""Pages about organisations: who is in them, who is invited, and what they are called."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import arriving, joining
from accounts import profile as own_profile
from accounts.forms import InviteForm, OrganisationForm, ProfileForm, RoleForm
from accounts.models import Invitation, Membership, Organisation, Role
from accounts.pages import Confirmation, SignedInRequest, by, confirm, managed, refused, visible
from accounts.permissions import role_in
from notifications import clock
from notifications.refusal import Refusal

form_page = require_http_methods(["GET", "HEAD", "POST"])


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
        "role": role,
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


# --- invitations ------------------------------------------------------------------------------------------------------
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
            arriving.remember(request, token)
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


# --- members ----------------------------------------------------------------------------------------------------------
@login_required
@form_page
def change_role(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    shown = managed(request, code)
    member = person_in(shown, pk)
    form = RoleForm(request.POST or None, instance=person_in(shown, pk))
    status = 200
    if request.method == "POST":
        status = refused(
            form, lambda: joining.change_role(by=by(request), membership=member, role=form.cleaned_data["role"])
        )
        if not status:
            messages.success(request, f"The role of {member.user} has been changed.")
            return redirect("accounts:organisation_detail", code)
    context = {"form": form, "organisation": shown, "member": member}
    return render(request, "accounts/change_role.html", context, status=status)


@login_required
@form_page
def remove_member(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    shown = managed(request, code)
    member = person_in(shown, pk)
    there = resolve_url("accounts:organisation_detail", code)
    page = Confirmation(
        title=f"Remove {member.user}?",
        text=f"{member.user} will no longer see the responses of {shown}. What they wrote stays.",
        button="Remove this person",
        back=there,
        then=there if member.user != request.user else resolve_url("accounts:organisation"),
        done=f"{member.user} is no longer a member of {shown}.",
    )
    return confirm(request, page, lambda: joining.remove_member(by=by(request), membership=member))


@login_required
@form_page
def leave(request: SignedInRequest, code: str) -> HttpResponse:
    shown = visible(request.user, code)
    if not role_in(request.user, shown):
        raise Http404
    page = Confirmation(
        title=f"Leave {shown}?",
        text="You will no longer see its responses. What you wrote stays. To come back you need a new invitation.",
        button="Leave this organisation",
        back=resolve_url("accounts:organisation_detail", code),
        then=resolve_url("accounts:organisation"),
        done=f"You have left {shown}.",
    )
    return confirm(request, page, lambda: joining.leave(by=by(request), organisation=shown))


def person_in(shown: Organisation, pk: int) -> Membership:
    people = shown.memberships.filter(user__is_service=False).select_related("user", "organisation")
    return get_object_or_404(people, pk=pk)


# --- oneself ----------------------------------------------------------------------------------------------------------
@login_required
@form_page
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    status = 200
    if request.method == "POST":
        status = refused(form, lambda: own_profile.change(by=by(request), **form.cleaned_data))
        if not status:
            messages.success(request, "Your profile has been saved.")
            return redirect("accounts:profile")
        request.user.refresh_from_db()  # the form has written what was typed into it, and the header shows it
    return render(request, "accounts/profile.html", {"form": form}, status=status)
