"""What an expression of a query reads: columns, subqueries, or nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import FilteredRelation
from django.db.models.expressions import Col, RawSQL
from django.db.models.functions import Now
from django.db.models.sql.query import Query
from django.db.models.sql.where import NothingNode, WhereNode

from freshpage.tracking.untyped import column_of


class Reads:
    """What was found in one or more expressions.

    :param columns: pairs of a table's alias and a column.
    :param subqueries: in the order they were met.
    :param opaque: there is SQL in it that only a parser understands.
    :param clock: it asks the database for the time.
    """

    __slots__ = ("clock", "columns", "opaque", "subqueries")

    def __init__(self, *expressions: Any) -> None:
        self.columns: set[tuple[str, str]] = set()
        self.subqueries: list[Query] = []
        self.opaque = False
        self.clock = False
        self.look(expressions)

    def look(self, expressions: Iterable[Any]) -> None:
        """Take in more."""
        pending = list(expressions)
        while pending:
            node = pending.pop()
            if node is None:
                continue
            if isinstance(node, Col):
                self.columns.add((node.alias, column_of(node.target)))
            elif isinstance(node, Query):
                self.subqueries.append(node)
            elif isinstance(node, WhereNode):
                pending.extend(node.children)
            elif isinstance(node, FilteredRelation):
                pending.append(getattr(node, "resolved_condition", None) or node.condition)
            elif isinstance(node, tuple | list):
                pending.extend(node)
            else:
                pending.extend(self._parts(node))

    def _parts(self, node: Any) -> list[Any]:
        if isinstance(node, NothingNode):
            return []
        if isinstance(node, Now):
            self.clock = True
        if not hasattr(node, "get_source_expressions") or _speaks_sql(node):
            self.opaque = True
            return []
        parts: list[Any] = node.get_source_expressions()
        return parts

    def of(self, alias: str) -> set[str]:
        """The columns of one table."""
        return {column for owner, column in self.columns if owner == alias}


def _speaks_sql(node: Any) -> bool:
    """Whether an expression may name tables or columns in SQL of its own."""
    if isinstance(node, RawSQL):
        return True
    template = str(node.__dict__.get("extra", {}).get("template") or getattr(node, "template", ""))
    if "select" in template.lower():
        return True
    for kind in type(node).__mro__:
        if kind.__module__.startswith("django."):
            return False
        if "as_sql" in kind.__dict__ or any(name.startswith("as_") for name in kind.__dict__):
            return True
    return True
