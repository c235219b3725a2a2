"""The conditions of a query that every row of its answer meets, with their values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db.models import Aggregate
from django.db.models.expressions import Col
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IExact,
    In,
    IsNull,
    IStartsWith,
    LessThan,
    LessThanOrEqual,
    PatternLookup,
    Range,
    StartsWith,
)
from django.db.models.sql.query import Query
from django.db.models.sql.where import AND, WhereNode

from freshpage.tracking.positions import Beginning
from freshpage.tracking.untyped import column_of

Key = tuple[str, str]  # a table's alias, and a column

_EQUAL, _ONE_OF, _NULL, _LEAST, _MOST, _BETWEEN, _WORDS, _NONE = range(8)
_MEANINGS = (
    (Exact, _EQUAL),
    (In, _ONE_OF),
    (IsNull, _NULL),
    (GreaterThan, _LEAST),
    (GreaterThanOrEqual, _LEAST),
    (LessThan, _MOST),
    (LessThanOrEqual, _MOST),
    (Range, _BETWEEN),
    (PatternLookup, _WORDS),
    (IExact, _WORDS),
)
_NOTHING: Any = MappingProxyType({})
_known: dict[type, int] = {WhereNode: _NONE}


class Bounds(NamedTuple):
    """A stretch of values, ends included; None: open."""

    low: Any = None
    high: Any = None


class Conditions:
    """What the top of a WHERE says of single columns.

    :param equal: the values a column may have.
    :param bounds: the stretch its value is in.
    :param words: what its text contains or begins with, in whatever case.
    :param counted: the values that one of the query's aggregates asks of it in its filter.
    """

    __slots__ = ("bounds", "counted", "equal", "words")

    bounds: Mapping[Key, Bounds]
    words: Mapping[Key, str | Beginning]
    counted: Mapping[Key, Collection[Any]]

    def __init__(self, where: WhereNode, aggregates: Iterable[Any] = ()) -> None:
        self.equal: dict[Key, Collection[Any]] = {}
        self.bounds = self.words = self.counted = _NOTHING
        if where.children:
            self._look(where)
        for aggregate in aggregates:
            for key, values in filter_of(aggregate).items():
                self.counted = {**self.counted, key: [*self.counted.get(key, ()), *values]}

    def _look(self, where: WhereNode) -> None:
        if where.negated or where.connector != AND:
            return
        children: list[Any] = where.children
        for node in children:
            if isinstance(node, WhereNode):
                self._look(node)
                continue
            meaning = _known.get(type(node))
            if meaning is None:
                meaning = _known[type(node)] = _meaning(type(node))
            if meaning != _NONE and type(node.lhs) is Col:
                self._take(meaning, (node.lhs.alias, column_of(node.lhs.target)), node)

    def _take(self, meaning: int, key: Key, lookup: Any) -> None:
        value = lookup.rhs
        if hasattr(value, "as_sql") or lookup.bilateral_transforms:
            return
        if meaning == _EQUAL:
            self.equal[key] = (value,)
        elif meaning == _NULL:
            if value:
                self.equal[key] = (None,)
        elif meaning == _WORDS:
            if isinstance(value, str):
                begins = isinstance(lookup, StartsWith | IStartsWith)
                self.words = {**self.words, key: Beginning(value) if begins else value}
        elif meaning in (_ONE_OF, _BETWEEN):
            if any(hasattr(item, "as_sql") for item in value):
                return
            if meaning == _ONE_OF:
                self.equal.setdefault(key, [item for item in value if item is not None])
            else:
                self.bounds = {**self.bounds, key: Bounds(*value)}
        else:
            bounds = self.bounds.get(key, _OPEN)
            end = {"low": value} if meaning == _LEAST else {"high": value}
            self.bounds = {**self.bounds, key: bounds._replace(**end)}


_OPEN = Bounds()


def aggregates_of(query: Query) -> list[Aggregate]:
    """The aggregates that a query selects."""
    if not query.annotations:
        return []
    return [one for one in query.annotation_select.values() if isinstance(one, Aggregate)]


def filter_of(aggregate: Aggregate) -> dict[Key, Collection[Any]]:
    """The values that an aggregate's filter asks of columns."""
    where: Any = aggregate.filter
    if where is not None and not isinstance(where, WhereNode):  # Django 6: in an expression
        where = next(iter(where.get_source_expressions()), None)
    return Conditions(where).equal if isinstance(where, WhereNode) else {}


def _meaning(kind: type) -> int:
    """What a class of lookups means; one of somebody else's may mean anything."""
    if kind.__module__ not in (
        "django.db.models.lookups",
        "django.db.models.fields.related_lookups",
    ):
        return _NONE
    return next((meaning for base, meaning in _MEANINGS if issubclass(kind, base)), _NONE)
