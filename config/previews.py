"""The staff pages that show what each e-mail says now, as text and as HTML, and send oneself a test."""

from csp.constants import SELF
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from accounts.admin_post import kind_words
from accounts.models import User
from notifications import clock
from notifications.message import Message, Skip
from notifications.refusal import Refusal
from responses import previewing

PERMISSION = "notifications.view_notification"
# A message is shown as a mail program would: no script, nothing fetched, and its links lead nowhere.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


@require_safe
def every(request: HttpRequest) -> HttpResponse:
    """Each kind of e-mail with the subject that it would have now, or why there is none."""
    reader, now = _staff(request), clock.now()
    rows = [
        {"kind": kind, "name": kind_words(kind), "found": previewing.preview(kind, reader=reader, now=now)}
        for kind in previewing.kinds()
    ]
    return render(request, "admin/previews.html", {**_frame(request, "What e-mails say"), "rows": rows})


@require_safe
def one(request: HttpRequest, kind: str) -> HttpResponse:
    """One e-mail, as text and, in a frame of its own, as HTML."""
    found = _found(request, kind)
    context = {
        **_frame(request, kind_words(kind)),
        "kind": kind,
        "found": found,
        "is_message": isinstance(found, Message),
    }
    response = render(request, "admin/preview.html", context)
    response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]  # as django-csp's decorators do
    return response


@xframe_options_sameorigin
@require_safe
def html(request: HttpRequest, kind: str) -> HttpResponse:
    """The HTML alone, for the frame."""
    found = _found(request, kind)
    if isinstance(found, Skip):
        raise Http404
    response = HttpResponse(found.html, headers={"Content-Security-Policy": MAIL_POLICY})
    response._csp_exempt = True  # type: ignore[attr-defined]
    return response


@require_POST
def send_test(request: HttpRequest, kind: str) -> HttpResponse:
    reader = _staff(request)
    _known(kind)
    try:
        previewing.send_test(kind, reader=reader, now=clock.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"A test is on its way to {reader.email}.")
    return redirect("staff:preview", kind=kind)


def _found(request: HttpRequest, kind: str) -> Message | Skip:
    reader = _staff(request)
    _known(kind)
    return previewing.preview(kind, reader=reader, now=clock.now())


def _known(kind: str) -> None:
    if kind not in previewing.kinds():
        raise Http404


def _staff(request: HttpRequest) -> User:
    user = request.user
    if not user.is_authenticated or not user.has_perm(PERMISSION):
        raise PermissionDenied
    return user


def _frame(request: HttpRequest, title: str) -> dict[str, object]:
    return {**admin.site.each_context(request), "title": title}


app_name = "staff"  # config/policy.py knows it
urlpatterns = [
    path("previews/", admin.site.admin_view(every), name="previews"),
    path("previews/<slug:kind>/", admin.site.admin_view(one), name="preview"),
    path("previews/<slug:kind>/html/", admin.site.admin_view(html), name="preview_html"),
    path("previews/<slug:kind>/test/", admin.site.admin_view(send_test), name="preview_test"),
]
