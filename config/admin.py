"""The staff site's own doors: one way to sign in and one to change a password, those of everybody else."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url


def password_change(_request: HttpRequest, _extra_context: Any = None) -> HttpResponseRedirect:
    return HttpResponseRedirect(resolve_url("account_change_password"))


def search(_request: HttpRequest, _extra_context: Any = None) -> HttpResponseRedirect:
    """Unfold's search across models would query every table for each key pressed. Each list has its own."""
    raise Http404


# allauth's page signs in: with its rate limits and second step. Who is signed in and not staff is refused.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.password_change = password_change  # type: ignore[method-assign, assignment]
admin.site.password_change_done = password_change  # type: ignore[method-assign, assignment]
admin.site.search = search  # type: ignore[attr-defined]
admin.site.index_title = "Today"
