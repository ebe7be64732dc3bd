"""Alerts, for staff: what followers were told of, to how many it went, and what waits for a second person."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.record import By
from accounts.staff import Button, ReadOnlyAdmin, SelectFilter, StaffForm
from accounts.staff.forms import text_area
from consultations import announcing, trying
from consultations.models import Announcement
from notifications import clock
from notifications.message import shortened

PERMISSION = "consultations.publish_consultation"


class WhereFilter(SelectFilter):
    title = "state"
    parameter_name = "state"
    options = (
        ("waiting", "Waiting for release"), ("planned", "Still to come"), ("sent", "In the post"),
        ("cancelled", "Cancelled"),
    )  # fmt: skip

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value in ("waiting", "planned"):
            return getattr(queryset, value)()  # type: ignore[no-any-return]
        return queryset.filter(**{f"{value}_at__isnull": False})


class CancelForm(StaffForm):
    title = "Cancel"
    reason = forms.CharField(label="Reason", max_length=500, widget=text_area(3), help_text="For the record.")


def release(row: Announcement, _cleaned: dict[str, Any], by: By) -> str:
    announcing.release(announcement=row, by=by)
    row.refresh_from_db()
    return f"It is on its way to {row.recipients:,} people."


def cancel(row: Announcement, cleaned: dict[str, Any], by: By) -> str:
    announcing.cancel(announcement=row, reason=cleaned["reason"], by=by)
    return "It will not be sent."


def before_release(row: Announcement) -> str:
    """What the second person should know."""
    count = announcing.audience(row.kind, row.papers)
    lines = [f"It goes to {announcing.people(count)} now. {row.made_by_name} caused it."]
    if row.note:
        lines.append(f"Note in the e-mail: {row.note}")
    if stale := announcing.why_stale(row, clock.now()):
        lines.append(f"{stale} It is not sent any more.")
    return "\n".join(lines)


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    list_display = ("about", "state_shown", "recipients", "made_by_name", "made_at")
    list_filter = (WhereFilter,)
    list_title = "Alerts to followers"
    list_select_related = ("consultation", "outcome")
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "kind", "of", "state_shown", "recipients", "note", "made_by_name", "made_at", "held_at", "released_by_name",
        "sent_at", "cancelled_by_name", "cancelled_at", "reason",
    )  # fmt: skip
    readonly_fields = ("of", "state_shown")
    buttons = (
        Button(
            path="release", label="Release", permission=PERMISSION, do=release, explain=before_release,
            test=trying.waiting,
            shown=lambda row: row.is_waiting,
        ),
        Button(
            path="cancel", label="Cancel it", permission=PERMISSION, do=cancel, form=CancelForm, grave=True,
            shown=lambda row: row.is_waiting,
            explain="The e-mail is never sent. What it would have told of stays as it is.",
        ),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Without what has not happened to it."""
        return tuple(name for name in self.fields if name in self.readonly_fields or getattr(obj, name, None))

    @display(description="alert")
    def about(self, obj: Announcement) -> str:
        return shortened(str(obj), 120)

    @display(description="about")
    def of(self, obj: Announcement) -> SafeString | str:
        page, pk = ("outcome", obj.outcome_id) if obj.outcome_id else ("consultation", obj.consultation_id)
        url = reverse(f"admin:consultations_{page}_change", args=[pk])
        return format_html('<a class="sa-link" href="{}">{}</a>', url, str(obj.outcome or obj.consultation))

    @display(description="state")
    def state_shown(self, obj: Announcement) -> str:
        if obj.is_waiting:
            return "Waiting for release"
        if obj.cancelled_at:
            return "Cancelled"
        return "In the post" if obj.sent_at else "Still to come"

    def consultation_code(self, obj: Announcement) -> str:
        return obj.consultation.code if obj.consultation else ""
