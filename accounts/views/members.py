"""Pages about members: another role, removing somebody, leaving."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url

from accounts import joining
from accounts.forms import RoleForm
from accounts.models import Membership, Organisation
from accounts.permissions import role_in
from accounts.views.pages import Confirmation, SignedInRequest, by, confirm, form_page, managed, refused, visible


@login_required
@form_page
def change_role(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    shown = managed(request, code)
    member = person_in(shown, pk)
    form = RoleForm(request.POST or None, initial={"role": member.role})
    status = 200
    if request.method == "POST":
        status = refused(
            form, lambda: joining.change_role(by=by(request), membership=member, role=form.cleaned_data["role"])
        )
        if not status:
            messages.success(request, f"The role of {member.user} has been changed.")
            return redirect("accounts:organisation_detail", code)
    context = {"form": form, "organisation": shown, "heading": f"Change the role of {member.user}"}
    return render(request, "accounts/choice.html", context, status=status)


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
