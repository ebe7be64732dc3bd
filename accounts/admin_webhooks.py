"""What organisations' programs were told, for staff: to be read, and narrowed to what was given up."""

from urllib.parse import urlsplit

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import DeliveryState, WebhookDelivery, WebhookEvent
from accounts.staff import DayRangeFilter, ReadOnlyAdmin, SelectFilter


class DeliveryStateFilter(SelectFilter):
    title = "state"
    parameter_name = "state"
    options = DeliveryState.choices


class EventFilter(SelectFilter):
    title = "event"
    parameter_name = "event"
    options = WebhookEvent.choices


class HappenedFilter(DayRangeFilter):
    title = "happened"
    parameter_name = "happened"
    field = "happened_at"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """Neither the whole address, which may hold a key of the firm's, nor what was sent: that is the firm's own log."""

    list_display = ("organisation", "host", "event", "state", "happened_at", "attempts", "said")
    list_filter = (DeliveryStateFilter, EventFilter, HappenedFilter)
    list_select_related = ("webhook__organisation",)
    search_fields = ("webhook__organisation__name",)
    search_help = "Search by organisation"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "organisation", "host", "event", "reference", "state", "said", "happened_at", "due_at", "tried_at", "attempts",
    )  # fmt: skip
    readonly_fields = ("organisation", "host", "reference")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        return super().get_queryset(request).select_related("webhook__organisation").defer("data")

    @display(description="organisation")
    def organisation(self, obj: WebhookDelivery) -> str:
        return str(obj.webhook.organisation)

    @display(description="host")
    def host(self, obj: WebhookDelivery) -> str:
        return urlsplit(obj.webhook.url).hostname or ""
