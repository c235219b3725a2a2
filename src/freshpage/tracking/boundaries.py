"""Rows whose turn comes with time: ``date <= now`` is answered otherwise from the next on."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.db.models.sql.query import Query
from django.db.models.sql.where import WhereNode

from freshpage.tracking import transactions
from freshpage.tracking.columns import as_datetime
from freshpage.tracking.record import Record
from freshpage.tracking.untyped import column_of

_COMPARISONS = (GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual)


class Boundary(NamedTuple):
    """A column that a query compares with the present."""

    table: str
    column: str
    moment: datetime.datetime


def boundaries(query: Query, moments: Collection[datetime.datetime]) -> set[Boundary]:
    """Where in a query, however deep, one of some moments is a bound."""
    found: set[Boundary] = set()
    tables: dict[str, str] = {}
    pending: list[Any] = [query]
    while pending:
        node = pending.pop()
        if isinstance(node, Query):
            for alias, join in node.alias_map.items():
                tables.setdefault(alias, join.table_name)
            inner = getattr(node, "inner_query", None)
            pending += [inner, node.where, *node.annotations.values(), *node.combined_queries]
            continue
        if isinstance(node, _COMPARISONS) and isinstance(node.lhs, Col):
            table = tables.get(node.lhs.alias)
            for moment in moments:
                if table and isinstance(node.rhs, datetime.datetime) and node.rhs == moment:
                    found.add(Boundary(table, column_of(node.lhs.target), moment))
        if isinstance(node, WhereNode):
            pending += node.children
        elif hasattr(node, "get_source_expressions"):
            pending += node.get_source_expressions()
    return found


def limit_to_next(
    record: Record, connection: BaseDatabaseWrapper, found: Collection[Boundary]
) -> None:
    """Bound a page's life by the next row whose turn comes."""
    quote = connection.ops.quote_name
    for table, column, moment in found:
        if connection.settings_dict["TIME_ZONE"]:
            record.read_clock()  # the database has its own idea of what a naive value is
            continue
        name = quote(column)
        sql = f"SELECT MIN({name}) FROM {quote(table)} WHERE {name} > %s"  # noqa: S608 (quoted)
        with transactions.own_cursor(connection) as cursor:
            cursor.execute(sql, [connection.ops.adapt_datetimefield_value(moment)])
            (value,) = cursor.fetchone()
        if value is not None:
            wait = as_datetime(value) - as_datetime(moment)
            record.limit(max(0.0, wait.total_seconds()))
