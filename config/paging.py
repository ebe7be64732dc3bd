"""How the API's lists become pages: by key set, so that a page at any depth costs the same and nothing is counted.

A view's order is a list of runs, each listed to its end before the next begins; a run narrows the queryset and names
its keys, the last of them unique: `[(None, ("-published_at", "-id"))]`. A view with several orders has
`page_orders(request)`, the first of them the usual one; without it the newest row is first.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse
from rest_framework.utils.urls import remove_query_param, replace_query_param

from notifications.compiled import Kept, Listing, given

Rows = QuerySet[Any, Any]
Run = tuple[Callable[[Rows], Rows] | None, tuple[str, ...]]
SIGNER = signing.Signer(salt="soundings.page")  # a cursor is ours, so that what is in it can be trusted
INSTANT = "@"  # before an instant in a cursor: JSON has none


class Place(NamedTuple):
    """Just beside a row: which run it is in and its keys there. `back`: what comes before it is asked for."""

    run: int
    values: list[Any]
    back: bool = False


class CursorPages(BasePagination):
    """`?cursor=…&page_size=50&ordering=…`; the answer is `next`, `previous` (addresses or null) and `results`.

    A page is the ids of its rows, so that finding them stays a small query; the view reads the rows with them.
    """

    page_size = 50
    max_page_size = 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        orders = view.page_orders(request) if hasattr(view, "page_orders") else {"newest": [(None, ("-id",))]}
        name = request.query_params.get("ordering") or next(iter(orders))
        if name not in orders:
            raise ValidationError({"ordering": [f"Choose one of: {', '.join(orders)}."]})
        self.request, self.runs = request, orders[name]
        self.mark = f"{type(view).__name__}:{name}"  # a cursor is good for the list and order that it was made for
        size, place = self._size(request), self._place(request)
        found = self._rows(queryset, place, size + 1)
        more, page = len(found) > size, found[:size]
        if place and place.back:
            page.reverse()
        self.next = self._beside(page, -1) if (more or (place and place.back)) else None
        self.previous = self._beside(page, 0, back=True) if (place and (more or not place.back)) else None
        return [row["id"] for _, row in page]

    def get_paginated_response(self, data: Any) -> ApiResponse:
        return ApiResponse(
            {"next": self._address(self.next), "previous": self._address(self.previous), "results": data}
        )

    # --- what is asked ---
    def _size(self, request: Request) -> int:
        given = request.query_params.get("page_size")
        if not given:
            return self.page_size
        if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= self.max_page_size):
            raise ValidationError({"page_size": [f"Give a whole number from 1 to {self.max_page_size}."]})
        return int(given)

    def _place(self, request: Request) -> Place | None:
        given = request.query_params.get("cursor")
        if not given:
            return None
        try:
            mark, run, values, back = SIGNER.unsign_object(given)
        except (signing.BadSignature, ValueError):
            mark = None
        if mark != self.mark:
            raise ValidationError(
                {"cursor": ["This cursor is not one that this list gave. Start again from its first page."]}
            )
        return Place(run, [_from_json(value) for value in values], back)

    # --- what is found ---
    def _rows(self, listed: Rows | Listing, place: Place | None, count: int) -> list[tuple[int, Any]]:
        """Up to `count` rows beside the place, each with its run; going back, the nearest first."""
        back = place is not None and place.back
        found: list[tuple[int, Any]] = []
        for number in self._runs_from(place):
            narrow, keys = self.runs[number]
            keys = _turned(keys) if back else keys
            beside = place.values if place and place.run == number else None
            if isinstance(listed, Listing) and narrow is None:
                rows: Iterable[Any] = _kept_page(listed, keys, beside, count - len(found))
            else:
                queryset = listed.rows() if isinstance(listed, Listing) else listed
                rows = _page(narrow(queryset) if narrow else queryset, keys, beside, count - len(found))
            found += [(number, row) for row in rows]
            if len(found) >= count:
                break
        return found

    def _runs_from(self, place: Place | None) -> Sequence[int]:
        if place is None:
            return range(len(self.runs))
        return range(place.run, -1, -1) if place.back else range(place.run, len(self.runs))

    # --- where the neighbours are ---
    def _beside(self, page: list[tuple[int, Any]], index: int, *, back: bool = False) -> Place | None:
        if not page:
            return None
        number, row = page[index]
        names = [key.lstrip("-") for key in self.runs[number][1]]
        return Place(number, [row[name] for name in names], back)

    def _address(self, place: Place | None) -> str | None:
        if place is None:
            return None
        here = self.request.build_absolute_uri()
        cursor = SIGNER.sign_object([self.mark, place.run, [_to_json(v) for v in place.values], place.back])
        return replace_query_param(remove_query_param(here, "cursor"), "cursor", cursor)

    # --- what the schema says ---
    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        made = [
            _parameter(
                "cursor", "The page after or before another: take it from `next` or `previous`.", {"type": "string"}
            ),
            _parameter("page_size", "How many a page.", size),
        ]
        if hasattr(view, "page_orders"):
            orders = list(view.page_orders(None))
            made.append(_parameter("ordering", "The order.", {"type": "string", "enum": orders, "default": orders[0]}))
        return made


def _page(rows: Rows, keys: tuple[str, ...], beside: Sequence[Any] | None, count: int) -> Rows:
    """The first rows in the order of the keys, or those after the row with the values `beside`."""
    if beside is not None:
        rows = rows.filter(beyond(rows.model, keys, beside))
    return rows.order_by(*keys).values(*{"id", *(key.lstrip("-") for key in keys)})[:count]


def _kept_page(listing: Listing, keys: tuple[str, ...], beside: Sequence[Any] | None, count: int) -> list[Any]:
    """The same of a listing that nobody narrowed, whose statement is kept."""
    nulls = None if beside is None else tuple(value is None for value in beside)
    places = {f"beside_{index}": value for index, value in enumerate(beside or ())}
    return _statement(listing.build, tuple(listing.values), keys, nulls, count).all(**listing.values, **places)


@lru_cache(maxsize=512)
def _statement(
    build: Callable[..., Rows],
    names: tuple[str, ...],
    keys: tuple[str, ...],
    nulls: tuple[bool, ...] | None,
    count: int,
) -> Kept[Any]:
    beside = None if nulls is None else [None if null else given(f"beside_{n}") for n, null in enumerate(nulls)]
    return Kept(lambda: _page(build(**{name: given(name) for name in names}), keys, beside, count))


def beyond(model: type[Model], keys: Iterable[str], values: Sequence[Any]) -> Q:
    """What comes after the row with these values in this order. PostgreSQL counts null as larger than everything."""
    keys = list(keys)
    after, level = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        after |= level & _past(model, key, value)
        level &= Q(**{f"{key.lstrip('-')}__isnull": True}) if value is None else Q(**{key.lstrip("-"): value})
    return _bound(model, keys[0], values[0]) & after


def _past(model: type[Model], key: str, value: Any) -> Q:
    name = key.lstrip("-")
    if value is None:
        return Q(**{f"{name}__isnull": False}) if key.startswith("-") else Q(pk__in=[])
    if key.startswith("-"):
        return Q(**{f"{name}__lt": value})
    return Q(**{f"{name}__gt": value}) | (Q(**{f"{name}__isnull": True}) if _nullable(model, name) else Q())


def _bound(model: type[Model], key: str, value: Any) -> Q:
    """Implied by the rest; said, so that the index is entered at the row and not read up to it."""
    name = key.lstrip("-")
    if value is None:
        return Q()
    if key.startswith("-"):
        return Q(**{f"{name}__lte": value})
    return Q() if _nullable(model, name) else Q(**{f"{name}__gte": value})


def _nullable(model: type[Model], name: str) -> bool:
    try:
        return bool(getattr(model._meta.get_field(name), "null", False))
    except FieldDoesNotExist:  # an annotation: runs that sort by one leave out rows without it
        return False


def _turned(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key[1:] if key.startswith("-") else f"-{key}" for key in keys)


def _to_json(value: Any) -> Any:
    return INSTANT + value.isoformat() if isinstance(value, datetime) else value


def _from_json(value: Any) -> Any:
    return datetime.fromisoformat(value[1:]) if isinstance(value, str) and value.startswith(INSTANT) else value


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
