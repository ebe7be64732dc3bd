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

    It must not depend on who asks: whoever calls `of` has found the ids among what that person may see. Columns named
    in `json` hold JSON; other converters of model fields are not applied.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]], *, json: tuple[str, ...] = ()) -> None:
        self.build = build
        self.json = json

    @cached_property
    def _statement(self) -> tuple[str, tuple[Any, ...], list[str]]:
        query = self.build().order_by().query
        sql, params = query.sql_with_params()
        statement = f"SELECT * FROM ({sql}) AS listed WHERE listed.id = ANY(%s)"  # noqa: S608 (Django's own text)
        return statement, params, list(query.selected or ())

    def of(self, ids: Sequence[int], *, now: datetime = NOW) -> list[dict[str, Any]]:
        """The rows with these ids, in this order."""
        if not ids:
            return []
        sql, params, columns = self._statement
        with connection.cursor() as cursor:
            cursor.execute(sql, [*(now if value == NOW else value for value in params), list(ids)])
            found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        for row in found:
            for name in self.json:
                row[name] = json.loads(row[name])
        by_id = {row["id"]: row for row in found}
        return [by_id[number] for number in ids if number in by_id]
