"""The files of what was filed, for staff: searched by what they say, read page by page, quoted with their source."""

import re
from typing import Any
from urllib.parse import parse_qs

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse

from accounts.staff import ReadOnlyAdmin, SelectFilter
from responses import scanning
from responses.file_models import AttachmentText, Outcome, Screening
from responses.models import Attachment, Submission

SHOWN_PAGES = 50
START, STOP = "\x02", "\x03"  # around a found word, until the template has escaped the rest
PAGES = """
    SELECT page.number,
           ts_headline('english', page.text, query, %(options)s)
      FROM regexp_split_to_table(%(text)s, E'\\f') WITH ORDINALITY AS page (text, number),
           websearch_to_tsquery('english', %(words)s) AS query
     WHERE to_tsvector('english', page.text) @@ query
     LIMIT %(most)s
"""


class ScreeningFilter(SelectFilter):
    title = "virus scan"
    parameter_name = "scan"
    options = Screening.choices

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(screening=value)


class OutcomeFilter(SelectFilter):
    title = "text"
    parameter_name = "text"
    options = Outcome.choices

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        waiting = Q(extracted__isnull=True) if value == Outcome.WAITING else Q()
        return queryset.filter(waiting | Q(extracted__outcome=value))


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    """What was filed with responses that the reader may read; a draft's files are the firm's own."""

    list_display = ("name", "organisation_name", "paper", "kilobytes", "scan", "text")
    list_filter = (ScreeningFilter, OutcomeFilter)
    list_title = "Files"
    search_fields = ("name",)  # shows the box; get_search_results says what is looked for
    search_help = "Search in what the files say, as on the web: words, “a phrase”, -without; or by a file’s name"
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attachment]:
        filed = Submission.attachments.through.objects.filter(
            submission__in=Submission.objects.visible_to(request.user)
        )
        return (
            Attachment.objects.visible_to(request.user)
            .filter(pk__in=filed.values("attachment"))
            .select_related("response__organisation", "response__consultation", "extracted")
            .defer(
                "extracted__text", "extracted__search", "response__consultation__body",
                "response__consultation__summary", "response__consultation__search",
            )
        )  # fmt: skip

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {"scanner": scanning.is_set_up(), **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = cleaned(search_term)
        if not words:
            return queryset, False
        query = SearchQuery(words, search_type="websearch", config="english")
        said = AttachmentText.objects.filter(search=query).values("attachment")
        readable = scanning.readable(Attachment.objects.filter(pk__in=said))
        return queryset.filter(Q(pk__in=readable.values("pk")) | Q(name__icontains=words)), False

    @display(description="organisation")
    def organisation_name(self, obj: Attachment) -> str:
        return obj.response.organisation.name

    @display(description="consultation")
    def paper(self, obj: Attachment) -> str:
        return (obj.response.consultation.reference or str(obj.response.consultation))[:60]

    @display(description="size")
    def kilobytes(self, obj: Attachment) -> str:
        return filesizeformat(obj.size)

    @display(description="virus scan")
    def scan(self, obj: Attachment) -> str:
        note = f": {obj.scan_note}" if obj.scan_note else ""
        return f"{obj.get_screening_display()}{note}"

    @display(description="text")
    def text(self, obj: Attachment) -> str:
        read = getattr(obj, "extracted", None)
        if read is None or read.outcome != Outcome.READ:
            return str((Outcome(read.outcome) if read else Outcome.WAITING).label)
        return f"{read.pages} page{'' if read.pages == 1 else 's'}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Its text with the source to quote it by. Not a form."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        attachment = self.get_object(request, unquote(object_id))
        if attachment is None:
            return self.say_missing(request, object_id)
        words = cleaned(request.GET.get("words") or _searched(request))
        filed = Submission.objects.visible_to(request.user).filter(attachments=attachment).order_by("version")
        read = AttachmentText.objects.filter(attachment=attachment).first()
        may_open = scanning.may_be_read(attachment)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": attachment,
            "title": attachment.name,
            "may_open": may_open,
            "state": scanning.state_words(attachment),
            "scanner": scanning.is_set_up(),
            "read": read,
            "words": words,
            "references": list(filed.values_list("reference", flat=True)),
            "pages": (found(read, words) if words else whole(read)) if read and may_open else [],
            "shown_pages": SHOWN_PAGES,
        }
        return TemplateResponse(request, "admin/responses/attachment/text.html", context)


def cleaned(words: str) -> str:
    return words.replace("\x00", " ").strip()[:200]


def _searched(request: HttpRequest) -> str:
    """What the list was searched for, from which this page was opened."""
    return parse_qs(request.GET.get("_changelist_filters", "")).get("q", [""])[0]


def whole(read: AttachmentText) -> list[dict[str, Any]]:
    pages = read.text.split("\f")
    shown = enumerate(pages[:SHOWN_PAGES], start=1)
    return [{"number": number, "parts": [(page, False)]} for number, page in shown if page.strip()]


def found(read: AttachmentText, words: str) -> list[dict[str, Any]]:
    """The pages on which the words are, with each found word apart: (text, is found) pairs."""
    options = f"StartSel={START}, StopSel={STOP}, HighlightAll=true"
    with connection.cursor() as cursor:
        cursor.execute(PAGES, {"options": options, "text": read.text, "words": words, "most": SHOWN_PAGES})
        rows = cursor.fetchall()
    return [{"number": number, "parts": _parts(marked)} for number, marked in rows]


def _parts(marked: str) -> list[tuple[str, bool]]:
    return [
        (part.strip(START + STOP), part.startswith(START))
        for part in re.split(f"({START}[^{STOP}]*{STOP})", marked)
        if part
    ]
