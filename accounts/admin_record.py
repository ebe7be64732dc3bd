"""The record of acts, to be read and searched."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.identifiers import CODE_ALPHABET
from accounts.models import Act
from accounts.staff import DayRangeFilter, ReadOnlyAdmin, SelectFilter
from accounts.staff.acts import acts_for

CODE = re.compile(f"[{CODE_ALPHABET}]{{10}}")
SUBJECTS = ("response", "consultation", "organisation", "outcome", "invitation", "api_token")
DOORS = [("page", "Pages"), ("api", "API"), ("admin", "Staff pages"), ("task", "The clock"), ("command", "Command")]


class DoorFilter(SelectFilter):
    title = "where from"
    parameter_name = "door"
    options = DOORS


class WhenFilter(DayRangeFilter):
    title = "when"
    parameter_name = field = "at"


@admin.register(Act)
class ActAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "verb", "subject", "door")
    list_filter = (DoorFilter, WhenFilter)
    search_fields = ("subject",)  # shows the box; get_search_results says what is looked for
    search_help = "Search by the person's e-mail address, a code, or a subject such as response:…"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "at", "verb", "actor", "door", "ip", "subject", "consultation_code", "organisation_code", "detail", "sealed",
    )  # fmt: skip
    readonly_fields = ("sealed",)

    list_title = "Record of acts"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Act]:
        return acts_for(request.user)

    def record_url(self, request: HttpRequest, obj: Any) -> str:
        return ""  # it is the record

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Act], search_term: str
    ) -> tuple[QuerySet[Act], bool]:
        """An exact subject or code by its index, or the beginning of who did it."""
        words = search_term.replace("\x00", " ").strip()[:200]
        if not words:
            return queryset, False
        if ":" in words:
            return queryset.filter(subject=words), False
        if CODE.fullmatch(words.upper()):
            subjects = [f"{kind}:{words.upper()}" for kind in SUBJECTS]
            return queryset.filter(Q(consultation_code=words.upper()) | Q(subject__in=subjects)), False
        return queryset.filter(actor__startswith=words.lower()), False

    @display(description="sealed as")
    def sealed(self, obj: Act) -> str:
        seal = getattr(obj, "seal", None)
        return f"{seal.number}: {seal.digest}" if seal else "Not yet: acts are sealed within a minute."
