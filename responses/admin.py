"""Responses for staff: a list that stays quick, and one response with all that was filed. Read-only."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.models import Organisation
from accounts.staff import DayRangeFilter, ReadOnlyAdmin, SelectFilter
from consultations import admin_papers, workbench
from consultations.closing import moment
from consultations.models import Consultation
from notifications import clock
from responses import admin_files, admin_time, casefile, counting  # noqa: F401 (register pages of their own)
from responses.models import Response
from responses.querysets import State

SEEN_STATES = [(State.SUBMITTED.value, State.SUBMITTED.label), (State.WITHDRAWN.value, State.WITHDRAWN.label)]
MOST_NAMES = 1_000  # organisations that a search by name looks at


class StateFilter(SelectFilter):
    title = "state"
    parameter_name = "state"
    options = SEEN_STATES


class OfPapers:
    """Narrows responses to those of the consultations that a filter of consultations would leave."""

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        papers: Any = super().narrow(request, Consultation.objects.all(), value)  # type: ignore[misc]
        return queryset.filter(consultation__in=papers.values("pk"))


class AuthorityFilter(OfPapers, admin_papers.AuthorityFilter):
    pass


class TopicFilter(OfPapers, admin_papers.TopicFilter):
    pass


class RehearsalFilter(OfPapers, admin_papers.RehearsalFilter):
    pass


class StatusFilter(admin_papers.StatusFilter):
    """The consultation's status, computed for now."""

    title = "consultation is"

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        papers: QuerySet[Any] = Consultation.objects.with_status(clock.now())
        papers = papers.filter(Q(("status", value)))
        return queryset.filter(consultation__in=papers.values("pk"))


class ClosingFilter(admin_papers.ClosingFilter):
    title = "consultation closes"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (self.day("from") or self.day("to")):
            return queryset
        papers = super().queryset(request, Consultation.objects.all())
        return queryset.filter(consultation__in=papers.values("pk"))


class ReceivedFilter(DayRangeFilter):
    title = "received"
    parameter_name = "received"
    field = "latest__received_at"


class PaperFilter(SelectFilter):
    """One consultation, by the code in the address: links from its page use it, nobody chooses among thousands."""

    title = "consultation"
    parameter_name = "consultation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        code = request.GET.get("consultation", "").replace("\x00", "")[:10]
        paper = Consultation.objects.filter(code=code).first() if code else None
        return [(paper.code, (paper.reference or str(paper))[:60])] if paper else []

    def has_output(self) -> bool:
        return True  # "consultation" is a parameter even where it leads to nothing

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(consultation__code=value)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = request.GET.get("consultation")
        return queryset.none() if asked and self.value() is None else super().queryset(request, queryset)


@admin.register(Response)
class ResponseAdmin(ReadOnlyAdmin):
    """What was submitted; a firm's draft is its own, and is not here."""

    list_display = ("organisation_name", "paper", "state", "version", "answered", "received", "reference")
    list_filter = (
        PaperFilter, StateFilter, AuthorityFilter, StatusFilter, TopicFilter, RehearsalFilter, ClosingFilter,
        ReceivedFilter,
    )  # fmt: skip
    search_fields = ("code",)  # shows the box; get_search_results says what is looked for
    search_help = "Search by reference of a response or consultation, or by organisation"
    sortable_by = ("received",)
    ordering = ("-latest_id",)  # as versions were recorded, newest first: the order of an index

    def get_queryset(self, request: HttpRequest) -> QuerySet[Response]:
        return (
            Response.objects.visible_to(request.user)
            .filter(latest__isnull=False)  # a draft that was never submitted is the firm's own
            .select_related("organisation", "consultation", "latest")
            .defer(
                "latest__content", "latest__foi_reason", "foi_reason", "consultation__body", "consultation__summary",
                "consultation__search",
            )
        )  # fmt: skip

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """By an index each: the response's code, a submission's reference, a consultation's, an organisation's name."""
        words = search_term.replace("\x00", " ").strip()[:200]
        if not words:
            return queryset, False
        code = words.upper().rsplit("-", 1)[0] if "-" in words else words.upper()
        named = Organisation.objects.filter(name__icontains=words).values_list("pk", flat=True)[:MOST_NAMES]
        papers = Consultation.objects.filter(Q(reference__iexact=words) | Q(code=words.upper()))
        found = (
            Q(code=code)
            | Q(organisation__in=list(named))
            | Q(consultation__in=list(papers.values_list("pk", flat=True)[:MOST_NAMES]))
        )
        return queryset.filter(found), False

    @display(description="organisation")
    def organisation_name(self, obj: Response) -> str:
        return obj.organisation.name

    @display(description="consultation")
    def paper(self, obj: Response) -> str:
        return (obj.consultation.reference or str(obj.consultation))[:60]

    @display(description="version")
    def version(self, obj: Response) -> int:
        return obj.latest.version if obj.latest else 0

    @display(description="answered")
    def answered(self, obj: Response) -> str:
        return f"{obj.latest.answer_count} of {obj.latest.question_count}" if obj.latest else ""

    @display(description="received", ordering="latest_id")
    def received(self, obj: Response) -> str:
        return moment(obj.latest.received_at, self.request.user.time_zone) if obj.latest else ""  # type: ignore[attr-defined]

    @display(description="reference")
    def reference(self, obj: Response) -> str:
        return obj.latest.reference if obj.latest else ""

    # --- one ---
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Not a form at all: a case file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        response = self.get_object(request, unquote(object_id))
        if response is None:
            return self.say_missing(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": response,
            "title": str(response),
            "file": casefile.read(request.user, response, wanted=request.GET.get("version", "")),
            "record_url": self.record_url(request, response),
        }
        return TemplateResponse(request, "admin/responses/response/case_file.html", context)

    # --- counts of one consultation ---
    def get_urls(self) -> list[URLPattern]:
        counts = path(
            "questions/<str:code>/", self.admin_site.admin_view(self.counts_view), name="responses_response_questions"
        )
        return [counts, *super().get_urls()]

    def counts_view(self, request: HttpRequest, code: str) -> HttpResponse:
        """How many of those who responded answered each question: each percentage with its base."""
        if not self.has_view_permission(request) or not request.user.has_perm("consultations.view_consultation"):
            raise PermissionDenied
        paper = Consultation.objects.filter(code=code.replace("\x00", "")).first()
        if paper is None:
            return self.say_missing(request, code)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": paper,
            "title": f"Who answered what: {paper}",
            "counts": counting.by_question(paper),
        }
        return TemplateResponse(request, "admin/responses/response/questions.html", context)


workbench.PANELS.append(counting.panel)
