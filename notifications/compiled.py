"""Statements that are put together once a process.

Django takes several times as long to build a query as PostgreSQL to answer it. So what every request asks is built on
first use and kept as text, and a call brings the values alone. What is asked stays written as querysets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Generic, TypeVar, cast

import orjson
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, Field, Func, Model, QuerySet
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesIterable, get_related_populators
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError
from psycopg import Cursor

WITH_FRACTION = len("2026-01-31T23:59:59.123456")
T = TypeVar("T")
Row = tuple[Any, ...]


class Given(Expression):
    """Stands in a queryset for a value that each call brings, by name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        return "%s", (self,)


class AnyOf(Func):
    """The column is one of the values that a call brings as a list."""

    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


def given(name: str) -> Any:
    """A Given, for where querysets are typed for the value itself."""
    return Given(name)


def _filled(params: Sequence[Any], values: dict[str, Any]) -> list[Any]:
    return [values[param.name] if isinstance(param, Given) else param for param in params]


class _Preparing(Cursor[Row]):
    """A cursor whose statements are kept by PostgreSQL. Django's log of queries reads `_query`, which psycopg sets for
    all others alone."""

    def _send_query_prepared(self, name: bytes, pgq: Any, *, binary: bool | None = None) -> None:
        self._query = pgq
        super()._send_query_prepared(name, pgq, binary=binary)


def cursor() -> Any:
    """As `connection.cursor()`, but PostgreSQL keeps each statement with its plan for as long as the connection lasts.

    For SQL that is the same text each time. Values go to PostgreSQL apart from it: where it cannot tell the type of one
    from its place, the SQL says it (`%s::bigint`).
    """
    here: Any = connections[DEFAULT_DB_ALIAS]
    here.close_if_health_check_failed()
    here.ensure_connection()
    return here._prepare_cursor(_Preparing(here.connection))


class Kept(Generic[T]):
    """`build` gives a queryset with `given(name)` where a value belongs. It must not depend on who asks, nor on when:
    such values are given. A value of None is not the same as `isnull`, and never matches.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, T]]) -> None:
        self.build = build

    @cached_property
    def _made(self) -> tuple[str, Sequence[Any], Callable[[Row], T], list[Any], bool]:
        queryset = self.build()
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        columns = [column[0] for column in compiler.select[: compiler.col_count]]
        converters = [(at, *found) for at, found in compiler.get_converters(columns).items()]
        return sql, params, _reader(queryset, compiler), converters, queryset.query.select_for_update

    def all(self, **values: Any) -> list[T]:
        """The rows, as the queryset gives them. What it would prefetch is not fetched."""
        sql, params, read, converters, locks = self._made
        here = connections[DEFAULT_DB_ALIAS]
        if locks and not here.in_atomic_block:
            raise TransactionManagementError("A lock needs a transaction that holds it.")
        with cursor() as ask:
            ask.execute(sql, _filled(params, values))
            rows = ask.fetchall()
        return [read(row) for row in (_converted(rows, converters, here) if converters else rows)]

    def first(self, **values: Any) -> T | None:
        """The first row that the statement yields: without an order, of at most one."""
        return next(iter(self.all(**values)), None)


def _converted(rows: list[Any], converters: list[Any], here: BaseDatabaseWrapper) -> list[Any]:
    """As SQLCompiler.apply_converters."""
    made = [list(row) for row in rows]
    for row in made:
        for at, functions, expression in converters:
            for function in functions:
                row[at] = function(row[at], expression, here)
    return made


def _reader(queryset: QuerySet[Any, Any], compiler: Any) -> Callable[[Any], Any]:
    """What makes of a row what the queryset yields: a model instance with what was joined, a dictionary or a value."""
    kind = cast(Any, queryset)._iterable_class
    if kind is FlatValuesListIterable:
        return lambda row: row[0]
    if kind is ValuesIterable:
        names = list(cast(Any, queryset.query).selected)
        return lambda row: dict(zip(names, row, strict=True))
    if kind is not ModelIterable:
        raise TypeError(f"Rows of {kind.__name__} are not kept.")
    return _instances(compiler)


def _instances(compiler: Any) -> Callable[[Any], Any]:
    """As ModelIterable, which works all this out anew for each queryset."""
    model, fields = compiler.klass_info["model"], compiler.klass_info["select_fields"]
    start, end = fields[0], fields[-1] + 1
    names = [column[0].target.attname for column in compiler.select[start:end]]
    joined = cast(Any, get_related_populators)(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)
    annotated = list((compiler.annotation_col_map or {}).items())

    def read(row: Any) -> Any:
        made = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for each in joined:
            each.populate(row, made)
        for name, at in annotated:
            setattr(made, name, row[at])
        return made

    return read


@dataclass(frozen=True)
class Listing:
    """What somebody may see, before they narrow it: `build(**values)` is the queryset.

    `build` is a function of a module, one for each rule of who sees what: it stands for the rule, so that statements
    can be kept by it.
    """

    build: Callable[..., QuerySet[Any, Any]]
    values: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> QuerySet[Any, Any]:
        return self.build(**self.values)


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

    def of(self, ids: Sequence[int], **values: Any) -> list[dict[str, Any]]:
        """The rows with these ids, in this order."""
        if not ids:
            return []
        sql, params = self._statement
        with cursor() as ask:
            ask.execute(sql, [*_filled(params, values), list(ids)])
            (text,) = ask.fetchone()
        found = {row["id"]: row for row in orjson.loads(text or "[]")}
        rows = [found[number] for number in ids if number in found]
        for name in self.instants:
            for row in rows:
                row[name] = with_z(row[name])
        return rows


def with_z(instant: str | None) -> str | None:
    """PostgreSQL's way of writing a UTC instant, as the API writes it. The connection's time zone is UTC.

    PostgreSQL leaves out zeros at the end of a fraction: one instant would be two texts.
    """
    if not instant:
        return None
    bare = instant.removesuffix("+00:00")
    return (bare.ljust(WITH_FRACTION, "0") if "." in bare else bare) + "Z"


# --- One row ----------------------------------------------------------------------------------------------------------
def insert(row: Model) -> None:
    """INSERT a new row with all its fields, as `save(force_insert=True)` does, without building the statement anew."""
    here = connections[DEFAULT_DB_ALIAS]
    fields, sql = _insertion(type(row))
    with cursor() as ask:
        ask.execute(sql, [each.get_db_prep_save(each.pre_save(row, add=True), here) for each in fields])
        (row.pk,) = ask.fetchone()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: Model, *names: str) -> None:
    """UPDATE these fields of a row that exists, as `save(update_fields=names)` does."""
    here = connections[DEFAULT_DB_ALIAS]
    fields, sql = _updating(type(row), names)
    with cursor() as ask:
        values = [each.get_db_prep_save(each.pre_save(row, add=False), here) for each in fields]
        ask.execute(sql, [*values, row.pk])


@cache
def _updating(model: type[Model], names: tuple[str, ...]) -> "tuple[list[Field[Any, Any]], str]":
    fields = [cast("Field[Any, Any]", model._meta.get_field(each)) for each in names]
    name = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns = ", ".join(f"{name(str(each.column))} = %s" for each in fields)
    key = name(str(model._meta.pk.column))
    return fields, f"UPDATE {name(model._meta.db_table)} SET {columns} WHERE {key} = %s"  # noqa: S608


@cache
def _insertion(model: type[Model]) -> "tuple[list[Field[Any, Any]], str]":
    fields = [each for each in model._meta.local_concrete_fields if not (each.primary_key or each.generated)]
    name = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns, marks = ", ".join(name(str(each.column)) for each in fields), ", ".join(["%s"] * len(fields))
    key = name(str(model._meta.pk.column))
    return fields, f"INSERT INTO {name(model._meta.db_table)} ({columns}) VALUES ({marks}) RETURNING {key}"  # noqa: S608
