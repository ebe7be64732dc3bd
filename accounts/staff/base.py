"""BaseAdmin: the admin of one model as Soundings wants it, over django-unfold's so that Unfold can be replaced."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import ShowFacets, display
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from accounts import record
from accounts.staff import buttons
from accounts.staff.buttons import Button
from accounts.staff.filters import DayRangeFilter
from accounts.staff.forms import StaffModelForm
from accounts.staff.pages import PeekPaginator
from notifications import clock

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    UnfoldAdmin = ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as UnfoldAdmin


class BaseAdmin(UnfoldAdmin):
    """Lists that stay quick, buttons that call flows, and every change written to the record of acts."""

    form = StaffModelForm
    paginator = PeekPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each facet would be a COUNT
    list_per_page = 50
    list_max_show_all = 0
    preserve_filters = True
    actions: Any = None
    view_on_site = False
    buttons: tuple[Button, ...] = ()
    search_help = ""

    # --- lists ---
    def get_actions(self, request: HttpRequest) -> Any:
        """No bulk deletion: what may be deleted is deleted one by one, after a page that says what goes with it."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Lists are narrowed by their own filters, never by a query written into the address."""
        asked = {name for each in self.list_filter for name in parameters_of(each)}
        if lookup not in asked:
            raise IncorrectLookupParameters
        return True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if "e" in request.GET and request.method == "GET":
            messages.warning(request, "That page or filter does not exist. This is the whole list.")
        title = self.list_title or capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.replace("\x00", " ").strip()[:200])

    list_title = ""  # the model's plural name, unless a subclass says another

    @display(description="")
    def action_checkbox(self, obj: Model) -> SafeString:
        return format_html(
            '<input type="checkbox" class="action-select sa-tick" name="{}" value="{}" aria-label="Select {}">',
            ACTION_CHECKBOX_NAME, obj.pk, str(obj),
        )  # fmt: skip

    # --- one object ---
    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A choice of another row without the small buttons that would edit that row in a window of its own."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def get_urls(self) -> list[URLPattern]:
        return [*buttons.routes(self), *super().get_urls()]

    def change_url(self, obj: Model) -> str:
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

    def called(self, obj: Model) -> str:
        """The object's name where nothing around it says what it is part of."""
        return str(obj)

    def back(self, obj: Model) -> tuple[str, str] | None:
        """The name and address of what the object is part of, None for what stands alone."""
        return None

    def say_missing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """As Django does for a page of something that does not exist: back to the front page, with a sentence."""
        back: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        return back

    def render_change_form(  # type: ignore[no-untyped-def]
        self, request: HttpRequest, context, add=False, change=False, form_url="", obj=None
    ) -> HttpResponse:
        if change:
            context["show_save_and_add_another"] = False
            context["title"], context["subtitle"] = str(obj)[:200], None
        context["offered"] = buttons.offered(self, request, obj) if obj is not None else []
        if obj is not None:
            context["back"] = self.back(obj)
            context["record_url"] = self.record_url(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The history of an object is the record of acts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self.say_missing(request, object_id)
        return HttpResponseRedirect(self.record_url(request, obj) or self.change_url(obj))

    def record_url(self, request: HttpRequest, obj: Model) -> str:
        """The acts done to the object, "" for who may not read the record."""
        if not request.user.has_perm("accounts.view_act"):
            return ""
        address = reverse(f"{self.admin_site.name}:accounts_act_changelist")
        return f"{address}?{urlencode({'q': self.subject(obj)})}"

    # --- the record of acts instead of Django's own log ---
    def subject(self, obj: Model) -> str:
        """How the record names the object: "consultation:4TX…"."""
        return f"{self.opts.model_name}:{getattr(obj, 'code', '') or obj.pk}"[:80]

    def consultation_code(self, obj: Any) -> str:
        """The code of the consultation that the object is part of, "" for none."""
        return ""

    def write_act(self, request: HttpRequest, obj: Model, verb: str, **detail: Any) -> None:
        record.write(
            by=record.by_request(request, "admin"), verb=f"{self.opts.verbose_name} {verb}", at=clock.now(),
            subject=self.subject(obj), consultation_code=self.consultation_code(obj), name=str(obj)[:200], **detail,
        )  # fmt: skip

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.write_act(request, obj, "added")

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        changed = [
            field for part in message if isinstance(part, dict) for field in part.get("changed", {}).get("fields", [])
        ]
        if changed:
            self.write_act(request, obj, "changed", fields=[str(field) for field in changed])

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self.write_act(request, obj, "deleted")


def parameters_of(list_filter: Any) -> list[str]:
    """The names that a filter of ours reads from the address."""
    if issubclass(list_filter, DayRangeFilter):
        return [f"{list_filter.parameter_name}_from", f"{list_filter.parameter_name}_to"]
    return [str(list_filter.parameter_name)]


class ReadOnlyAdmin(BaseAdmin):
    """To be read, never edited: what changes it has a door of its own."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
