"""The page about oneself."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts import profile as own_profile
from accounts.forms import ProfileForm
from accounts.views.pages import SignedInRequest, by, form_page, refused


@login_required
@form_page
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    status = 200
    if request.method == "POST":
        status = refused(form, lambda: own_profile.change(by=by(request), **form.cleaned_data))
        if not status:
            messages.success(request, "Your details have been saved.")
            return redirect("accounts:profile")
        request.user.refresh_from_db()  # the form has written what was typed into it, and the header shows it
    return render(request, "accounts/profile.html", {"form": form}, status=status)
