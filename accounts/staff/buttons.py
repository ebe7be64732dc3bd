"""A button on a staff page: it opens a small form, and the form calls a flow.

What the flow refuses is shown at its field with what was typed, under the refusal's own status.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts import record
from accounts.record import By
from accounts.staff.forms import StaffForm
from notifications.refusal import Refusal

if TYPE_CHECKING:
    from django.urls import URLPattern

    from accounts.staff.base import BaseAdmin


@dataclass(frozen=True, kw_only=True)
class Button:
    """`do(obj, cleaned, by)` calls the flow and returns the sentence that says what was done.

    `path` is the last part of the address; `shown(obj)` says whether the button makes sense now (the flow decides
    again); `explain` is the text above the form, or makes it from the object.
    """

    path: str
    label: str
    permission: str
    do: Callable[[Any, dict[str, Any], By], str]
    form: type[StaffForm] = StaffForm
    shown: Callable[[Any], bool] = lambda _obj: True
    explain: str | Callable[[Any], str] = ""
    confirm: str = ""  # on the form's own button, where it differs from the label
    grave: bool = False
    test: Callable[[Any, dict[str, Any], By], str] | None = None  # as `do`, for "Send me a test": changes nothing else
    after: Callable[[Any], str] | None = None  # where to go afterwards; otherwise the object's page

    def name(self, admin: "BaseAdmin") -> str:
        return f"{admin.opts.app_label}_{admin.opts.model_name}_{self.path}"

    def url(self, admin: "BaseAdmin", obj: Model) -> str:
        return reverse(f"{admin.admin_site.name}:{self.name(admin)}", args=[obj.pk])


def offered(admin: "BaseAdmin", request: HttpRequest, obj: Model) -> list[dict[str, Any]]:
    """The buttons that this person may press on this object now."""
    return [
        {"label": button.label, "url": button.url(admin, obj), "grave": button.grave, "path": button.path}
        for button in admin.buttons
        if request.user.has_perm(button.permission) and button.shown(obj)
    ]


def routes(admin: "BaseAdmin") -> "list[URLPattern]":
    return [path(f"<path:object_id>/{b.path}/", _page(admin, b), name=b.name(admin)) for b in admin.buttons]


def _page(admin: "BaseAdmin", button: Button) -> Callable[..., Any]:
    def page(request: HttpRequest, object_id: str) -> HttpResponse:
        if not request.user.has_perm(button.permission):
            raise PermissionDenied
        obj = admin.get_object(request, unquote(object_id))
        if obj is None:
            return admin.say_missing(request, object_id)
        return _answer(admin, request, button, obj)

    return admin.admin_site.admin_view(page)


def _answer(admin: "BaseAdmin", request: HttpRequest, button: Button, obj: Model) -> HttpResponse:
    form = button.form(request.POST if request.method == "POST" else None, obj=obj)
    status = 200
    if request.method == "POST":
        test = button.test if "send_test" in request.POST else None
        do = test or button.do
        said, status = press(form, lambda cleaned: do(obj, cleaned, record.by_request(request, "admin")))
        if said is not None:
            messages.success(request, said)
        if said is not None and test is None:
            return HttpResponseRedirect(button.after(obj) if button.after else admin.change_url(obj))
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "original": obj,
        "title": f"{form.title or button.label}: {admin.called(obj)}",
        "form": form,
        "button": button,
        "can_be_tried": button.test is not None,  # in a template the name of a function calls it
        "explanation": button.explain(obj) if callable(button.explain) else button.explain,
        "back": admin.back(obj) or (str(obj), admin.change_url(obj)),
    }
    return TemplateResponse(request, "admin/staff/button.html", context, status=status)


def press(form: Form, do: Callable[[dict[str, Any]], str]) -> tuple[str | None, int]:
    """Validate and do. What was done and 200, or None and the status, with every refusal at its field."""
    try:
        if not form.is_valid():
            return None, 422
        return do(form.cleaned_data), 200
    except Refusal as refusal:
        put_at_fields(form, refusal)
        return None, refusal.status


def put_at_fields(form: Form, refusal: Refusal) -> None:
    if not hasattr(form, "cleaned_data"):
        form.cleaned_data = {}
    for field, sentence in refusal.problems or [("", refusal.message)]:
        form.add_error(field if field in form.fields else None, sentence)
