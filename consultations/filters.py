"""What the API's list of consultations can be narrowed to."""

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from consultations.models import Authority, ConsultationAuthority, Deadline, Jurisdiction, Kind, Topic
from consultations.querysets import Status

YES_NO = [("true", "Yes"), ("false", "No")]
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")


class InstantField(forms.CharField):
    """A moment with its offset: without one nobody could say which moment is meant."""

    def to_python(self, value: Any) -> datetime | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text.upper()) if INSTANT.fullmatch(text) else None
            if moment and 1900 <= moment.year <= 2200:
                return moment.astimezone(UTC)
        except ValueError:
            pass
        raise forms.ValidationError(
            "Give a moment with its offset, such as 2026-01-31T23:59:59Z. In an address, a plus sign has to be encoded."
        )


class InstantFilter(filters.Filter):  # type: ignore[misc]
    field_class = InstantField


class ConsultationFilters(filters.FilterSet):  # type: ignore[misc]
    search = filters.CharFilter(
        max_length=200, method="matching", help_text="Words in reference, title, summary or body."
    )
    authority = filters.ModelChoiceFilter(
        queryset=Authority.objects.all(), to_field_name="slug", method="by_authority", help_text="A body's slug."
    )
    jurisdiction = filters.ChoiceFilter(choices=Jurisdiction.choices, method="in_jurisdiction")
    topic = filters.ModelChoiceFilter(queryset=Topic.objects.all(), to_field_name="slug", field_name="topics")
    status = filters.MultipleChoiceFilter(choices=Status.choices, method="with_statuses", help_text="One or several.")
    kind = filters.MultipleChoiceFilter(choices=Kind.choices, help_text="One or several.")
    rehearsal = filters.ChoiceFilter(choices=YES_NO, method="rehearsals", help_text="true: rehearsals alone.")
    closes_after = InstantFilter(method="unchanged", help_text="Some deadline is at this moment or later.")
    closes_before = InstantFilter(method="unchanged", help_text="Some deadline is at this moment or earlier.")

    def filter_queryset(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """The two about closing are of one and the same deadline."""
        filtered: QuerySet[Any, Any] = super().filter_queryset(queryset)
        asked = {
            "closes_at__gte": self.form.cleaned_data["closes_after"],
            "closes_at__lte": self.form.cleaned_data["closes_before"],
        }
        bounds = {lookup: moment for lookup, moment in asked.items() if moment}
        return filtered.filter(pk__in=Deadline.objects.filter(**bounds).values("consultation")) if bounds else filtered

    @extend_schema_field(OpenApiTypes.DATETIME)
    def unchanged(self, queryset: QuerySet[Any, Any], _name: str, _value: Any) -> QuerySet[Any, Any]:
        return queryset

    def matching(self, queryset: Any, _name: str, words: str) -> QuerySet[Any, Any]:
        return queryset.matching(words)  # type: ignore[no-any-return]

    @extend_schema_field(OpenApiTypes.STR)
    def by_authority(self, queryset: QuerySet[Any, Any], _name: str, authority: Authority) -> QuerySet[Any, Any]:
        return queryset.filter(pk__in=ConsultationAuthority.objects.filter(authority=authority).values("consultation"))

    def in_jurisdiction(self, queryset: QuerySet[Any, Any], _name: str, code: str) -> QuerySet[Any, Any]:
        of = ConsultationAuthority.objects.filter(authority__jurisdiction=code)
        return queryset.filter(pk__in=of.values("consultation"))

    def with_statuses(self, queryset: Any, _name: str, statuses: list[str]) -> QuerySet[Any, Any]:
        now = self.request.parser_context["view"].now  # the one moment of the whole answer
        return queryset.with_status(now).filter(status__in=statuses) if statuses else queryset  # type: ignore[no-any-return]

    def rehearsals(self, queryset: QuerySet[Any, Any], _name: str, yes: str) -> QuerySet[Any, Any]:
        return queryset.filter(is_rehearsal=yes == "true")
