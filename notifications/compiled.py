"""Statements that are put together once a process.

Of a list of fifty rows with their relations, most of the time goes into building the query, not into answering it. So
the statement is built on first use and kept as text; a page is then its ids, found by an ordinary small query that
starts from who is asking, and one call of the statement with them.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet

# Stands in the statement for the moment that is asked about.
NOW = datetime(1970, 1, 1, tzinfo=UTC)


class Compiled:
    """`build` gives a `.values("id", …)` queryset without filters, with NOW where the moment belongs.

    It must not depend on who asks: whoever calls `of` has found the ids among what that person may see. The rows come
    as JSON has them, put together by the database: one text to read in place of an object a value. `instants` names
    the columns that hold one; they end in Z, as elsewhere in the API.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]], *, instants: tuple[str, ...] = ()) -> None:
        self.build = build
        self.instants = instants

    @cached_property
    def _statement(self) -> tuple[str, tuple[Any, ...]]:
        sql, params = self.build().order_by().query.sql_with_params()
        listed = f"({sql}) AS listed WHERE listed.id = ANY(%s)"
        return f"SELECT json_agg(listed)::text FROM {listed}", params  # noqa: S608 (Django's own text)

    def of(self, ids: Sequence[int], *, now: datetime = NOW) -> list[dict[str, Any]]:
        """The rows with these ids, in this order."""
        if not ids:
            return []
        sql, params = self._statement
        with connection.cursor() as cursor:
            cursor.execute(sql, [*(now if value == NOW else value for value in params), list(ids)])
            (text,) = cursor.fetchone()
        found = {row["id"]: row for row in json.loads(text or "[]")}
        rows = [found[number] for number in ids if number in found]
        for name in self.instants:
            for row in rows:
                row[name] = with_z(row[name])
        return rows


def with_z(instant: str | None) -> str | None:
    """PostgreSQL's way of writing a UTC instant, as the API writes it. The connection's time zone is UTC."""
    return instant.removesuffix("+00:00") + "Z" if instant else None
