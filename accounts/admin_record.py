"""The record of acts, to be read and searched."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import Act
from accounts.staff import DayRangeFilter, ReadOnlyAdmin, SelectFilter

DOORS = [("page", "Pages"), ("api", "API"), ("admin", "Staff pages"), ("task", "The clock"), ("command", "Command")]


class DoorFilter(SelectFilter):
    title = "where from"
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return DOORS


class WhenFilter(DayRangeFilter):
    title = "when"
    parameter_name = field = "at"


@admin.register(Act)
class ActAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "verb", "subject", "door")
    list_filter = (DoorFilter, WhenFilter)
    search_fields = ("subject",)  # shows the box; get_search_results says what is looked for
    search_help = "Search by person, code or exact subject"
    ordering = ("-id",)
    sortable_by = ()
    fields = (
        "at", "verb", "actor", "door", "ip", "subject", "consultation_code", "organisation_code", "detail", "sealed",
    )  # fmt: skip
    readonly_fields = ("sealed",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Act], search_term: str
    ) -> tuple[QuerySet[Act], bool]:
        """An exact subject or code by its index, or the beginning of who did it."""
        words = search_term.replace("\x00", " ").strip()[:200]
        if not words:
            return queryset, False
        if ":" in words:
            return queryset.filter(subject=words), False
        code = words.upper()
        return (
            queryset.filter(
                Q(consultation_code=code)
                | Q(organisation_code=code)
                | Q(subject=f"response:{code}")
                | Q(subject=f"consultation:{code}")
                | Q(actor__istartswith=words)
                | Q(verb__iexact=words)
            ),
            False,
        )

    @display(description="sealed as")
    def sealed(self, obj: Act) -> str:
        seal = getattr(obj, "seal", None)
        return f"{seal.number}: {seal.digest}" if seal else "Not yet: acts are sealed within a minute."
