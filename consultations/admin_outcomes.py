"""Outcomes, and the bodies and topics that consultations are filed under."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.record import By
from accounts.staff import BaseAdmin, Button, SelectFilter, StaffModelForm
from accounts.staff.forms import LinesField, ZonedForm
from consultations import announcing, publishing, trying
from consultations.admin_forms import PublishOutcomeForm, day_input
from consultations.models import Authority, Consultation, Jurisdiction, News, Outcome, Topic
from consultations.querysets import Status
from notifications import clock
from notifications.message import shortened

STILL_OPEN = (Status.SCHEDULED, Status.OPEN, Status.PART_CLOSED)


class PapersField(LinesField):
    """Consultations among `among`, by reference or code, one a line."""

    among = Consultation.objects.none()

    def prepare_value(self, value: Any) -> Any:
        papers = value if isinstance(value, list) else []
        return "\n".join(paper.reference or paper.code for paper in papers) if papers else value or ""

    def clean(self, value: Any) -> Any:
        lines = super().clean(value)
        return [self._paper(line) for line in dict.fromkeys(lines)]

    def _paper(self, line: str) -> Consultation:
        found = list(self.among.filter(Q(reference__iexact=line) | Q(code=line.upper()))[:2])
        if not found:
            raise ValidationError(f"There is no consultation with the reference or code “{line}”.")
        if len(found) > 1:
            raise ValidationError(f"Several consultations have the reference “{line}”. Give the code of one.")
        return found[0]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial or "")) != str(data or "").replace("\r\n", "\n")


class OutcomeForm(StaffModelForm):
    consultations = PapersField(
        label="Consultations", help_text="Those that it answers: the reference (CP25/25) or code of each, one a line."
    )
    asked_by: User | None = None  # set by the admin, on a class made for the request

    class Meta:
        model = Outcome
        fields = ("consultations", "kind", "reference", "title", "summary", "url", "published_on", "is_final", "note")
        widgets = {"published_on": day_input()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "consultations" in self.fields and self.asked_by:
            field: Any = self.fields["consultations"]
            field.among = Consultation.objects.visible_to(self.asked_by, clock.now())


class PublishedFilter(SelectFilter):
    title = "published here"
    parameter_name = "published"
    options = [("yes", "Yes"), ("no", "Not yet")]

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(published_at__isnull=value == "no")


def publish_outcome(outcome: Outcome, cleaned: dict[str, Any], by: By) -> str:
    publishing.publish_outcome(outcome=outcome, by=by, **cleaned)
    told = announcing.what_became(News.ANSWERED, outcome=outcome)
    return f"It is published on every consultation that it answers. {told}"


def what_follows(outcome: Outcome) -> str:
    papers = list(outcome.consultations.order_by("pk"))
    named = ", ".join(str(paper) for paper in papers) or "no consultation yet"
    lines = [f"It becomes public on: {named}.", announcing.audience_words(News.ANSWERED, papers)]
    answered: QuerySet[Any] = Consultation.objects.filter(pk__in=[paper.pk for paper in papers])
    still = answered.with_status(clock.now()).filter(status__in=STILL_OPEN).order_by("pk")  # type: ignore[attr-defined]
    if outcome.is_final and still:
        listed = ", ".join(str(paper) for paper in still)
        lines.append(f"Still open: {listed}. An outcome that ends the consultation ends this too: nobody can start a "
                     "response any more.")  # fmt: skip
    return "\n".join(lines)


@admin.register(Outcome)
class OutcomeAdmin(BaseAdmin):
    form = OutcomeForm
    list_display = ("name_shown", "kind", "published_on", "published_at", "is_final")
    list_filter = (PublishedFilter,)
    search_fields = ("reference", "title")
    search_help = "Search by reference or title"
    ordering = ("-id",)
    sortable_by = ("published_on",)
    fields = (
        "consultations", "kind", "reference", "title", "summary", "url", "published_on", "is_final", "note",
        "published_at",
    )  # fmt: skip
    readonly_fields = ("published_at",)
    buttons = (
        Button(
            path="publish", label="Publish", permission="consultations.publish_outcome", do=publish_outcome,
            form=PublishOutcomeForm, test=trying.outcome, explain=what_follows,
            shown=lambda outcome: outcome.published_at is None,
        ),
    )  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.asked_by = request.user
        return form

    @display(description="outcome")
    def name_shown(self, obj: Outcome) -> str:
        return shortened(str(obj), 120)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.published_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.published_at is None)


class JurisdictionOfBodyFilter(SelectFilter):
    title = parameter_name = "jurisdiction"
    options = Jurisdiction.choices


class AuthorityForm(ZonedForm):
    class Meta:
        model = Authority
        fields = ("name", "short_name", "slug", "jurisdiction", "time_zone")


@admin.register(Authority)
class AuthorityAdmin(BaseAdmin):
    form = AuthorityForm
    list_display = ("name", "short_name", "jurisdiction", "time_zone")
    list_filter = (JurisdictionOfBodyFilter,)
    search_fields = ("name", "short_name")
    search_help = "Search by name"
    ordering = ("name",)
    fields = ("name", "short_name", "slug", "jurisdiction", "time_zone")


@admin.register(Topic)
class TopicAdmin(BaseAdmin):
    list_display = ("name", "slug")
    search_fields = ("name",)
    search_help = "Search by name"
    ordering = ("name",)
    fields = ("name", "slug")
