"""What a list may be asked for: its filters, and nothing that it would silently leave aside."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from notifications.compiled import Listing

PAGING = frozenset({"cursor", "page_size", "ordering"})


class Filters(DjangoFilterBackend):  # type: ignore[misc]
    """A misspelt filter would give the whole list to somebody who trusts that it is a part: refuse it."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any, Any] | Listing, view: Any
    ) -> QuerySet[Any, Any] | Listing:
        asked = request.query_params.keys() - PAGING
        if not asked:
            return queryset  # a filter set costs more than a page of rows
        queryset = queryset.rows() if isinstance(queryset, Listing) else queryset
        filters = self.get_filterset_class(view, queryset)
        known = sorted(filters.base_filters) if filters else []
        if unknown := sorted(asked - set(known)):
            words = f"This list cannot be filtered by it. It can be by: {', '.join(known) or 'nothing'}."
            raise ValidationError({name: [words] for name in unknown})
        filtered: QuerySet[Any, Any] = super().filter_queryset(request, queryset, view)
        return filtered
