"""Filters of staff lists: plain selects and pairs of days in one form, without JavaScript.

A value that is not among the choices, or not a day, filters nothing: an address typed or kept by hand never fails.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib.admin import ListFilter, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList


class SelectFilter(SimpleListFilter):
    """One of several. A subclass says `title`, `parameter_name`, `options` (or `lookups`, where they have to be found),
    and `narrow` where they are not values of the field of that name.
    """

    template = "admin/staff/select_filter.html"
    options: Iterable[tuple[str, str]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.options)

    def value(self) -> str | None:
        value = super().value()
        return value if value in {str(key) for key, _ in self.lookup_choices} else None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset if value is None else self.narrow(request, queryset, value)

    def narrow(self, request: HttpRequest, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows for a value that is one of the choices."""
        return queryset.filter(**{str(self.parameter_name): value})

    def choices(self, changelist: "ChangeList") -> Iterator[Any]:
        chosen = self.value()
        for key, label in self.lookup_choices:
            yield {"value": key, "display": label, "selected": str(key) == chosen}


class DayRangeFilter(ListFilter):
    """From one day to another, both included, by the clock on the wall of the person who asks.

    A subclass says `title`, `parameter_name` and `field` (a field or annotation that holds an instant).
    """

    template = "admin/staff/day_range_filter.html"
    parameter_name = ""
    field = ""

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.zone = ZoneInfo(getattr(request.user, "time_zone", "UTC"))

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.parameter_name}_from", f"{self.parameter_name}_to"]

    def has_output(self) -> bool:
        return True

    def day(self, end: str) -> date | None:
        try:
            return date.fromisoformat(str(self.used_parameters.get(f"{self.parameter_name}_{end}") or ""))
        except ValueError:
            return None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self.day("from"), self.day("to")
        if first:
            queryset = queryset.filter(**{f"{self.field}__gte": self._midnight(first)})
        if last and last < date.max:
            queryset = queryset.filter(**{f"{self.field}__lt": self._midnight(last + timedelta(days=1))})
        return queryset

    def _midnight(self, day: date) -> datetime:
        if not 1900 < day.year < 9000:  # beyond it an instant may not fit into UTC
            return datetime(max(1900, min(day.year, 9000)), 1, 1, tzinfo=UTC)
        return datetime.combine(day, time(), tzinfo=self.zone)

    def choices(self, changelist: "ChangeList") -> Iterator[Any]:
        for end, label in (("from", "from"), ("to", "to")):
            day = self.day(end)
            yield {
                "name": f"{self.parameter_name}_{end}",
                "label": f"{self.title}, {label}",
                "value": day.isoformat() if day else "",
            }
