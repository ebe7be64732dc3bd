"""The admin of consultations themselves."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse

from accounts.record import By
from accounts.staff import BaseAdmin, Button, DayRangeFilter, SelectFilter
from consultations import admin_annex, announcing, publishing, rehearsing, trying, workbench
from consultations.admin_forms import ConsultationForm, PublishForm, WithdrawForm
from consultations.closing import moment, zone_of
from consultations.models import Authority, Consultation, Deadline, Jurisdiction, Kind, News, Topic
from consultations.pasting import refuse_unless_draft
from consultations.querysets import Status
from consultations.showing import day
from notifications import clock
from notifications.message import shortened

# What describes the record and not the paper: it stays open to change when the paper no longer is.
OF_THE_RECORD = (
    "topics", "owner", "outcome_due_on",
    "docket_id", "rin", "fr_document_number", "fr_citation", "responses_received", "sources", "record_note",
)  # fmt: skip


# --- filters, used for responses too ----------------------------------------------------------------------------------
class AuthorityFilter(SelectFilter):
    title = "body"
    parameter_name = "body"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(row.slug, str(row)) for row in Authority.objects.all()]

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(authorities__slug=value)


class TopicFilter(SelectFilter):
    title = "topic"
    parameter_name = "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(row.slug, row.name) for row in Topic.objects.all()]

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(topics__slug=value)


class StatusFilter(SelectFilter):
    title = "status"
    parameter_name = "status"
    options = Status.choices


class KindFilter(SelectFilter):
    title = "kind"
    parameter_name = "kind"
    options = Kind.choices


class JurisdictionFilter(SelectFilter):
    title = "jurisdiction"
    parameter_name = "jurisdiction"
    options = Jurisdiction.choices

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        run_by = Authority.objects.filter(consultations=OuterRef("pk"), jurisdiction=value)
        return queryset.filter(Exists(run_by))


class RehearsalFilter(SelectFilter):
    title = "rehearsals"
    parameter_name = "rehearsal"
    options = [("no", "Real ones only"), ("yes", "Rehearsals only")]

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(is_rehearsal=value == "yes")


class ClosingFilter(DayRangeFilter):
    """Consultations with a deadline between two days."""

    title = "closes"
    parameter_name = "closes"
    field = "closes_at"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (self.day("from") or self.day("to")):
            return queryset
        between = super().queryset(request, Deadline.objects.filter(consultation=OuterRef("pk")))
        return queryset.filter(Exists(between))


# --- buttons ----------------------------------------------------------------------------------------------------------
def publish(paper: Consultation, cleaned: dict[str, Any], by: By) -> str:
    publishing.publish(consultation=paper, by=by, **cleaned)
    paper.refresh_from_db()
    if cleaned["at"]:
        return f"It becomes public at {moment(cleaned['at'], zone_of(paper))}. Followers are told then."
    return f"It is published. {announcing.what_became(News.OPENED, consultation=paper)}"


def unschedule(paper: Consultation, _cleaned: dict[str, Any], by: By) -> str:
    publishing.unschedule(consultation=paper, by=by)
    return "It is a draft again."


def withdraw(paper: Consultation, cleaned: dict[str, Any], by: By) -> str:
    publishing.withdraw(consultation=paper, by=by, **cleaned)
    return f"It is withdrawn. {announcing.what_became(News.WITHDRAWN, consultation=paper)}"


def rehearse(paper: Consultation, _cleaned: dict[str, Any], by: By) -> str:
    copy = rehearsing.rehearse(consultation=paper, by=by)
    return f"Made: {copy}. It is open now, and marked as a rehearsal."


def missing_words(paper: Consultation) -> str:
    problems = publishing.unready(paper, moment=clock.now())
    if not problems:
        return (
            "Nothing is missing. Once public, its deadlines can only be extended and its questions only corrected.\n"
            + announcing.audience_words(News.OPENED, [paper])
        )
    return "Before it can be published:\n" + "\n".join(f"• {sentence}" for _, sentence in problems)


def is_public(paper: Consultation) -> bool:
    return paper.is_public(clock.now())


BUTTONS = (
    Button(
        path="publish", label="Publish", permission="consultations.publish_consultation", do=publish, form=PublishForm,
        test=trying.opening,
        shown=lambda paper: not paper.withdrawn_at and not is_public(paper), explain=missing_words,
    ),
    Button(
        path="unschedule", label="Take back to draft", permission="consultations.publish_consultation", do=unschedule,
        shown=lambda paper: paper.published_at is not None and not is_public(paper),
        explain="It will not become public at the moment that was set. It can then be changed.",
    ),
    Button(
        path="rehearse", label="Make a rehearsal", permission="consultations.add_consultation", do=rehearse,
        explain="A copy, marked as a rehearsal, that opened a week ago and can be answered now. Anyone "
        "can see it. Nobody is told, and what is sent to it is practice.",
    ),
    Button(
        path="withdraw", label="Withdraw", permission="consultations.withdraw_consultation", do=withdraw,
        form=WithdrawForm, grave=True, test=trying.withdrawal,
        shown=lambda paper: not paper.withdrawn_at and is_public(paper),
        explain=lambda paper: "It ends without an outcome and stays readable, with the reason. No response is taken "
        f"any more. This cannot be undone.\n{announcing.audience_words(News.WITHDRAWN, [paper])}",
    ),
)  # fmt: skip


@admin.register(Consultation)
class ConsultationAdmin(BaseAdmin):
    """A draft is edited here; its status is computed, and moves by buttons alone."""

    form = ConsultationForm
    change_form_template = "admin/consultations/consultation/change_form.html"
    list_display = ("name_shown", "status_shown", "closes_next", "bodies", "kind")
    list_filter = (
        StatusFilter, AuthorityFilter, JurisdictionFilter, TopicFilter, KindFilter, RehearsalFilter, ClosingFilter,
    )  # fmt: skip
    search_fields = ("reference", "title")
    search_help = "Search by reference, title or words in it"
    ordering = ("-id",)
    sortable_by = ("status_shown", "closes_next")
    buttons = BUTTONS
    fieldsets: ClassVar[Any] = (
        ("The paper", {"fields": ("reference", "title", "kind", "lead", "joint", "topics", "summary", "body")}),
        ("Dates on the paper", {"fields": ("published_on", "published_on_text")}),
        ("Who sees to it", {"fields": ("owner", "outcome_due_on")}),
        (
            "How responses are taken",
            {
                "fields": (
                    "takes_responses", "closing_unknown", "question_count", "confidentiality_note",
                    "confidentiality_source",
                )
            },
        ),
        (
            "How to respond elsewhere",
            {"fields": tuple(f"via_{key}" for key in ("online_form_url", "email", "post", "other"))},
        ),
        (
            "The record",
            {
                "fields": (
                    "docket_id", "rin", "fr_document_number", "fr_citation", "responses_received", "sources",
                    "record_note",
                )
            },
        ),
    )  # fmt: skip

    # --- the list ---
    def get_queryset(self, request: HttpRequest) -> QuerySet[Consultation]:
        now = clock.now()
        papers = Consultation.objects.visible_to(request.user, now).with_status(now).with_bodies()
        last = Deadline.objects.filter(consultation=OuterRef("pk")).values("consultation").annotate(at=Max("closes_at"))
        return papers.annotate(last_closed_at=Subquery(last.values("at")))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.matching(search_term[:200]), False  # type: ignore[attr-defined]

    @display(description="consultation")
    def name_shown(self, obj: Consultation) -> str:
        return shortened(str(obj), 120)

    @display(description="status", ordering="status")
    def status_shown(self, obj: Any) -> str:
        return Status(obj.status).label

    @display(description="closes next", ordering="next_closes_at")
    def closes_next(self, obj: Any) -> str:
        if obj.next_closes_at:
            return moment(obj.next_closes_at, zone_of(obj))
        if obj.last_closed_at:  # the day alone: of many that have passed, the time of day was assumed
            return f"Closed {day(obj.last_closed_at, zone_of(obj))}"
        return "–"

    @display(description="bodies")
    def bodies(self, obj: Consultation) -> str:
        return ", ".join(str(body) for body in obj.authorities.all())

    # --- one ---
    def get_urls(self) -> list[URLPattern]:
        paste = path(
            "<path:object_id>/paste/",
            self.admin_site.admin_view(lambda request, object_id: admin_annex.page(self, request, unquote(object_id))),
            name="consultations_consultation_paste",
        )
        return [paste, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Consultation | None = None) -> tuple[str, ...]:
        if obj is None or obj.published_at is None:
            return ()
        every = [name for _, options in self.fieldsets for name in options["fields"]]
        fixed = [name for name in every if name not in OF_THE_RECORD]
        return (*fixed, *{SHOWN_AS[name]: None for name in fixed if name in SHOWN_AS})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of what is not a draft, fields that only the form knows give way to the words they stand for."""
        if obj is None or obj.published_at is None:
            return self.fieldsets
        return [
            (title, {"fields": tuple(dict.fromkeys(SHOWN_AS.get(name, name) for name in options["fields"]))})
            for title, options in self.fieldsets
        ]

    @display(description="bodies")
    def bodies_shown(self, obj: Consultation) -> str:
        return ", ".join(str(body) for body in obj.authorities.order_by("consultationauthority__position")) or "None"

    @display(description="how to respond")
    def via_shown(self, obj: Consultation) -> str:
        return "\n".join(str(value) for value in obj.respond_via.values() if isinstance(value, str)) or "Not given"

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        obj = self.get_object(request, unquote(object_id))
        extra: dict[str, Any] = (
            {"bench": workbench.context(request, obj, clock.now())} if obj and request.user.is_staff else {}
        )
        if obj is not None and request.user.has_perm("consultations.add_question") and obj.published_at is None:
            extra["paste_url"] = reverse("admin:consultations_consultation_paste", args=[obj.pk])
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.published_at is None)

    def save_model(self, request: HttpRequest, obj: Consultation, form: Any, change: bool) -> None:
        if change:
            _refuse_overtaken(obj)
        else:
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_bodies(form.instance)

    def delete_model(self, request: HttpRequest, obj: Consultation) -> None:
        refuse_unless_draft(Consultation.objects.select_for_update().get(pk=obj.pk))
        super().delete_model(request, obj)

    def consultation_code(self, obj: Consultation) -> str:
        return obj.code


SHOWN_AS = {
    "lead": "bodies_shown",
    "joint": "bodies_shown",
    **{f"via_{key}": "via_shown" for key in ("online_form_url", "email", "post", "other")},
}


def _refuse_overtaken(obj: Consultation) -> None:
    """The form was opened on a draft that somebody has published or withdrawn meanwhile."""
    stored: datetime | None = Consultation.objects.select_for_update().get(pk=obj.pk).published_at
    if stored is not None and obj.published_at is None:
        refuse_unless_draft(Consultation(published_at=stored))
    obj.published_at = stored
