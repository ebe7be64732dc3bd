"""Requests for more time, for staff: what a firm asks, and the three answers."""

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
from consultations import civil
from consultations.admin_forms import day_input, time_input, which_field
from consultations.closing import closing, moment, zone_words
from notifications import clock
from responses import more_time
from responses.models import Allowance, Decision, TimeRequest


class DecisionFilter(SelectFilter):
    title = "state"
    parameter_name = "state"
    options = Decision.choices

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(decision=value)


class ReasonForm(StaffForm):
    reason = forms.CharField(
        label="Reason", max_length=more_time.MOST_REASON, widget=text_area(3),
        help_text="The firm is told, and it is kept.", error_messages={"required": "Give the reason."},
    )  # fmt: skip


class GrantForm(ReasonForm):
    title = "Grant more time"
    field_order = ("until", "until_time", "which", "reason")
    until = forms.DateField(
        label="Until", widget=day_input(), error_messages={"required": "Give the last day on which they may submit."}
    )
    until_time = forms.TimeField(
        label="Time", widget=time_input(), error_messages={"required": "Give the time of that day."}
    )
    which = which_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = zone_words(self.obj.deadline.time_zone)
        self.fields["until_time"].help_text = f"{zone}. 23:59 counts to the end of that minute."
        self.fields["until_time"].initial = "23:59"
        self.fields["until"].initial = self.obj.wanted_on

    def as_asked(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        until = civil.instant(
            day=cleaned["until"], clock=cleaned["until_time"], zone=self.obj.deadline.time_zone,
            which=cleaned["which"], day_field="until", clock_field="until_time",
        )  # fmt: skip
        return {"until": until, "reason": cleaned["reason"]}


def grant(row: TimeRequest, cleaned: dict[str, Any], by: By) -> str:
    more_time.grant(request=row, by=by, **cleaned)
    return f"{row.organisation} may submit until {moment(cleaned['until'], row.deadline.time_zone)}, and has been told."


def extended(row: TimeRequest, cleaned: dict[str, Any], by: By) -> str:
    more_time.note_extension(request=row, by=by, **cleaned)
    return f"{row.organisation} has been told that the deadline was extended."


def refuse(row: TimeRequest, cleaned: dict[str, Any], by: By) -> str:
    more_time.refuse(request=row, by=by, **cleaned)
    return f"{row.organisation} has been told."


def _asks(row: TimeRequest) -> str:
    """What is decided on, in the firm's words: before the form, so that nobody has to go back for it."""
    until = f", until {row.wanted_on.day} {row.wanted_on:%B %Y}" if row.wanted_on else ""
    return f"They ask for more time under “{row.deadline}”{until}: “{row.reason}”"


def _alone(row: TimeRequest) -> str:
    return (
        f"{_asks(row)} {_closes(row)} for everybody. {row.organisation} alone may then submit once, until the moment "
        "that you give, and begin a response if it has none; its submission uses that up."
    )


def _closes(row: TimeRequest) -> str:
    is_over = row.deadline.closes_at is not None and row.deadline.closes_at < clock.now()
    return f"It {'closed' if is_over else 'closes'} {closing(row.deadline)}"


@admin.register(TimeRequest)
class TimeRequestAdmin(ReadOnlyAdmin):
    list_display = ("organisation", "paper", "deadline_label", "wanted_on", "decision", "asked_at")
    list_filter = (DecisionFilter,)
    list_title = "Requests for more time"
    list_select_related = ("organisation", "deadline__consultation")
    sortable_by = ()
    ordering = ("-id",)
    fields = (
        "organisation", "of", "closes", "reason", "wanted_on", "asked_by", "asked_at", "decision", "allowed",
        "decision_reason", "decided_by", "decided_at",
    )  # fmt: skip
    readonly_fields = ("of", "closes", "allowed")
    buttons = (
        Button(
            path="grant", label="Grant to them alone", permission=more_time.PERMISSION, do=grant, form=GrantForm,
            shown=lambda row: row.is_waiting, explain=_alone,
        ),
        Button(
            path="extended", label="It was extended for everybody", permission=more_time.PERMISSION, do=extended,
            form=ReasonForm, shown=lambda row: row.is_waiting,
            explain=lambda row: f"{_asks(row)} Extend the deadline first, on its own page (link “Deadline”). "
            f"{_closes(row)}; when they asked, it was {moment(row.closes_at, row.deadline.time_zone)}.",
        ),
        Button(
            path="refuse", label="Refuse", permission=more_time.PERMISSION, do=refuse, form=ReasonForm, grave=True,
            shown=lambda row: row.is_waiting, explain=_asks,
        ),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: TimeRequest | None = None) -> Any:
        """What was decided, once it was."""
        names = [*super().get_fields(request, obj)]
        return names[: names.index("decision") + 1] if obj and obj.is_waiting else names

    @display(description="consultation")
    def paper(self, obj: TimeRequest) -> str:
        paper = obj.deadline.consultation
        return (paper.reference or str(paper))[:60]

    @display(description="deadline")
    def deadline_label(self, obj: TimeRequest) -> str:
        return obj.deadline.label

    @display(description="deadline")
    def of(self, obj: TimeRequest) -> SafeString:
        url = reverse("admin:consultations_deadline_change", args=[obj.deadline_id])
        return format_html('<a class="sa-link" href="{}">{}: {}</a>', url, obj.deadline.consultation, obj.deadline)

    @display(description="closes")
    def closes(self, obj: TimeRequest) -> str:
        late = "; asked after it had closed" if obj.asked_at > obj.closes_at else ""
        return closing(obj.deadline) + late

    @display(description="allowed until")
    def allowed(self, obj: TimeRequest) -> str:
        row = Allowance.objects.select_related("used_in").filter(request=obj).first()
        if row is None:
            return "–"
        until = moment(row.until, obj.deadline.time_zone)
        if row.used_in:
            return f"{until}; used by {row.used_in.reference}"
        return f"{until}; not used" + (", and over" if row.until < clock.now() else " yet")

    def consultation_code(self, obj: TimeRequest) -> str:
        return obj.deadline.consultation.code
