"""One SELECT taken apart: its tables, what it reads of each, and how they are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from math import prod

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col, OrderBy
from django.db.models.sql.query import Query

from freshpage.tracking.columns import SPELLERS, Table, table
from freshpage.tracking.conditions import Conditions, Key, aggregates_of, filter_of
from freshpage.tracking.expressions import Reads
from freshpage.tracking.joins import Joins
from freshpage.tracking.parts import (
    VALUES,
    Counted,
    Dimension,
    InAnswer,
    Part,
    RowTags,
    Source,
    Window,
)
from freshpage.tracking.positions import has_positions
from freshpage.tracking.published import Views, published, unknown_rows, views_of
from freshpage.tracking.selection import Selection
from freshpage.tracking.shapes import ALWAYS, ANY_COLUMN, BY_CHANGE, NEVER, Column, Hop, Shape
from freshpage.tracking.untyped import Compiler, column_of

_NO_VIEWS = Views({}, {}, frozenset())


class NotUnderstood(Exception):
    """The query has to be read as SQL."""


class Select:
    """One SELECT.

    :param in_answer: what it selects is the answer.
    :raises NotUnderstood: parts of it are SQL text.
    """

    def __init__(self, query: Query, connection: BaseDatabaseWrapper, *, in_answer: bool) -> None:
        if query.extra_tables or query.extra_order_by:
            raise NotUnderstood("extra()")
        self.query = query
        compiler: Compiler = query.get_compiler(connection=connection)
        before = query.alias_refcount.copy()
        try:
            _, order_by, group_by = compiler.pre_sql_setup()
            used = [alias for alias in query.alias_map if query.alias_refcount[alias]]
        finally:
            query.reset_refcounts(before)
        self.aggregates = [(one, Reads(one)) for one in aggregates_of(query)]
        self.conditions = Conditions(query.where, [one for one, _ in self.aggregates])
        # the order of the model itself is left out where rows are grouped
        dropped = bool(group_by) and compiler._meta_ordering
        self.order = [] if dropped else [expression for expression, _ in order_by]
        self.sliced = query.is_sliced
        views = views_of(query, used)
        self._look(compiler, used, views)
        if views.registers and not self._reads_no_more(views):
            self._look(compiler, used, _NO_VIEWS)
        self.in_answer = in_answer and not self.ranked

    def _reads_no_more(self, views: Views) -> bool:
        """Whether of registers nothing is read but what makes them ones."""
        return all(column == views.registers[alias].state for alias, column in self.of_registers)

    def _look(self, compiler: Compiler, used: list[str], views: Views) -> None:
        aliases = [alias for alias in used if alias not in views.registers]
        names = {alias: self.query.alias_map[alias].table_name for alias in aliases}
        self.views = views
        self.known = {alias: _known_table(name) for alias, name in names.items()}
        self.tables = {**names, **{alias: published(names[alias]) for alias in views.identities}}
        for alias, identity in views.identities.items():
            known = self.known[alias]
            self.known[alias] = known._replace(key=identity, unique=frozenset(known.key))
        self.joins = Joins(self.query, aliases)
        self.selection = Selection(compiler, self.tables)
        self.places, self.counted = self.selection.places, self.selection.counted
        self.computed, self.ranked = self.selection.computed, self.selection.ranked
        self._look_at_expressions(compiler)

    def _look_at_expressions(self, compiler: Compiler) -> None:
        query = self.query
        self.where = Reads(compiler.where)
        self.having = Reads(compiler.having, compiler.qualify)
        self.ordered = Reads(*self.order)
        self.grouped = Reads(*(query.group_by if isinstance(query.group_by, tuple) else ()))
        self.skips = bool(query.low_mark or query.distinct_fields)
        self.ranked |= bool(compiler.qualify)
        self.within = Reads()
        found = [
            self.where, self.having, self.joins.reads, self.computed, self.counted, self.ordered,
            self.grouped,
        ]  # fmt: skip
        if any(reads.opaque for reads in found):
            raise NotUnderstood("SQL text")
        self.clock = any(reads.clock for reads in found)
        read = {key for reads in found for key in reads.columns}
        foreign = {key for key in read if key[0] not in self.tables}
        self.of_registers = {key for key in foreign if key[0] in self.views.registers}
        self.free = foreign - self.of_registers
        self.subqueries = [inner for reads in found for inner in reads.subqueries]

    def claim(self, columns: set[Key]) -> set[Key]:
        """Take over those columns that queries within this one read of its tables.

        :raises NotUnderstood: of a register.
        """
        if any(alias in self.views.registers for alias, _ in columns):
            raise NotUnderstood("a query within one reads its register")
        own = {key for key in columns if key[0] in self.tables}
        self.within.columns |= own
        return own

    # -- rows of the answer --------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[RowTags, ...]:
        """The tables whose rows are in the answer, once all columns are claimed."""
        return tuple(self._row_tags()) if self.in_answer else ()

    @cached_property
    def tagged(self) -> frozenset[str]:
        """Their aliases."""
        return frozenset(row.alias for row in self.rows)

    def _row_tags(self) -> Iterator[RowTags]:
        for alias, known in self.known.items():
            places = [self.places.get((alias, column), -1) for column in known.key]
            key = [Column(column, known.kinds[column]) for column in known.key]
            if not key or -1 in places or any(column.kind not in SPELLERS for column in key):
                continue
            always = self._deciding(alias) | self.ordered.of(alias) | self.computed.of(alias)
            always |= {column for owner, column in self.selection.exposed if owner == alias}
            columns = always | self._content(alias)
            names = ANY_COLUMN if columns.issuperset(known.kinds) else tuple(sorted(columns))
            shape = Shape(self.tables[alias], names, tuple(key), arrivals=False)
            lazy = frozenset(always) if self.selection.is_lazy and always != columns else None
            yield RowTags(alias, shape, tuple(places), lazy)

    def _content(self, alias: str) -> set[str]:
        selected = {column for owner, column in self.places if owner == alias}
        return selected | self.computed.of(alias)

    def _deciding(self, alias: str) -> set[str]:
        """The columns that decide whether a row is in the answer."""
        deciding = self.where.of(alias) | self.joins.reads.of(alias) | self._totals(alias)
        deciding |= self.within.of(alias)
        if self.sliced or self.query.distinct_fields:
            deciding |= self.ordered.of(alias)
        return deciding

    def _totals(self, alias: str) -> set[str]:
        """The columns that something over several rows is made of."""
        return self.counted.of(alias) | self.having.of(alias)

    # -- parts ---------------------------------------------------------------------------

    def parts(self, number: int) -> list[Part]:
        """The parts the tables play; ``number``: that of this query."""
        found = [part for alias in self.tables for part in self._parts(number, alias)]
        # so that rows of these are compared when they are written
        return found + [Part(number, unknown_rows(name), ()) for name in self.views.sources]

    def _parts(self, number: int, alias: str) -> Iterator[Part]:
        known, in_answer = self.known[alias], alias in self.tagged
        columns = self._deciding(alias)
        if not in_answer:
            columns |= self._content(alias) | self.ordered.of(alias) | self.grouped.of(alias)
        skipped = not in_answer or self.skips or bool(self._totals(alias))
        # What hops lead here ask for the value that a row had: see Hop.
        is_view = alias in self.views.identities  # a row of one comes and goes by itself
        comes_with_another = not is_view and self.joins.comes_with_another(alias)
        departures = NEVER
        if skipped and not comes_with_another:
            departures = ALWAYS
        elif skipped or self._is_asked_by_others(alias):
            departures = ALWAYS if is_view else BY_CHANGE
        if comes_with_another and columns.issubset(known.key):
            return
        equal = self._equal(alias)
        pinned = [key for key in equal.values() if key[0] == alias and key[1] in known.unique]
        for dimension in self._dimensions(alias):
            shape = Shape(
                self.tables[alias],
                tuple(sorted(columns)),
                tuple(equal),
                dimension.column,
                not comes_with_another,
                departures,
            )
            values = tuple(equal.values())
            part = Part(number, shape, values, *dimension[1:])
            if in_answer and not skipped and pinned:
                yield part._replace(pinned=pinned[0])
            else:
                yield self._with_answer(alias, part)

    def _equal(self, alias: str) -> dict[Column, Key]:
        """The columns whose values are in the tag, as far as there are not too many."""
        found: dict[Column, Key] = {}
        for owner, hops in self.joins.reachable(alias):
            kinds = self.known[owner].kinds
            for key, values in self.conditions.equal.items():
                kind = kinds.get(key[1], -1)
                missing = None in values and (hops or self.joins.is_outer(owner))
                if key[0] == owner and kind in SPELLERS and not missing:
                    found[Column(key[1], kind, hops)] = key
        by_number = sorted(found, key=lambda column: (self._number(found[column]), column))
        while prod(self._number(found[column]) for column in by_number) > VALUES:
            by_number.pop()
        return {column: found[column] for column in sorted(by_number)}

    def _number(self, key: Key) -> int:
        return len(self.conditions.equal[key])

    def _is_asked_by_others(self, alias: str) -> bool:
        """Whether hops lead here, or through here, to a column that matters to others."""
        if not self.joins.is_reachable(alias):
            return False
        conditions = self.conditions
        asked = {owner for owner, _ in (*conditions.equal, *conditions.bounds, *conditions.words)}
        asked.add(self.window_key[0])
        return any(owner in asked for owner, _ in self.joins.reachable(alias))

    # -- stretches -----------------------------------------------------------------------

    def _dimensions(self, alias: str) -> list[Dimension]:
        """The columns of which a stretch matters: by a window, or by a condition."""
        places = list(self.joins.reachable(alias))
        found = []
        window = self._reached(places, [self.window_key], self._is_ordered)
        # with an outer join, rows that are joined with nothing have a place in it too
        if window and not (window[1] and self.joins.is_outer(window[0][0])):
            found.append(Dimension(self._column(*window), self._window()))
        for keys in (self.conditions.words, self.conditions.bounds):
            condition = self._reached(places, keys, self._has_stretches)
            if condition:
                found.append(Dimension(self._column(*condition), None, condition[0]))
        if len(found) > 1 and found[0].window:
            # what a full window leaves out is more than what a condition does
            full, open_ = found[0]._replace(when_full=True), found[1]
            return [full, open_._replace(window=full.window, when_full=False)]
        return found[:1] or [Dimension()]

    def _reached(
        self,
        places: list[tuple[str, tuple[Hop, ...]]],
        keys: Iterable[Key],
        fits: Callable[[Key], bool],
    ) -> tuple[Key, tuple[Hop, ...]] | None:
        """The first of some columns that rows lead to, and the way there."""
        for owner, hops in places:
            for key in keys:
                if key[0] == owner and fits(key):
                    return key, hops
        return None

    def _column(self, key: Key, hops: tuple[Hop, ...]) -> Column:
        return Column(key[1], self.known[key[0]].kinds[key[1]], hops)

    def _has_stretches(self, key: Key) -> bool:
        known = self.known[key[0]]
        if key in self.conditions.words:
            return key[1] in known.short
        return key[1] in known.by_bytes or self._is_ordered(key)

    def _is_ordered(self, key: Key) -> bool:
        return has_positions(self.known[key[0]].kinds.get(key[1], -1))

    @cached_property
    def window_key(self) -> Key:
        """The column that orders a sliced answer first; empty, where it is of no use."""
        if self.query.high_mark is None or self.query.distinct_fields or not self.rows:
            return ("", "")
        first = self.order[0] if self.order and self.sliced else None
        column = first.expression if isinstance(first, OrderBy) else None
        if not isinstance(column, Col) or column.alias not in self.known:
            return ("", "")
        key = (column.alias, column_of(column.target))
        return key if key in self.places else ("", "")

    def _window(self) -> Window:
        query, place = self.query, self.places[self.window_key]
        assert query.high_mark is not None
        return Window(place, self.order[0].descending, query.high_mark - query.low_mark)

    # -- what the answer tells -----------------------------------------------------------

    def _with_answer(self, alias: str, part: Part) -> Part:
        """A table that only adds to rows of the answer matters as far as it refers to them."""
        hop = self.joins.adds_to(alias)
        if hop is None or hop.owner not in self.tagged or self.ranked:
            return part
        for other in (alias, *self.joins.beyond(alias)):
            decisive = self.where.of(other) | self.having.of(other) | self.within.of(other)
            if self.sliced or self.query.distinct_fields:
                decisive |= self.ordered.of(other) | self._sorted_totals(other)
            if decisive:
                return part
        place = self.places.get((hop.owner, hop.key))
        kind = self.known[alias].kinds.get(hop.column, -1)
        if place is None or kind not in SPELLERS:
            return part
        equal: dict[Column, Source]
        equal = dict(zip(part.shape.equal, part.values, strict=True))
        equal |= {Column(hop.column, kind): InAnswer(place)}
        equal |= {
            Column(name, kind): Counted((alias, name)) for name, kind in self._filtered(alias)
        }
        ordered = tuple(sorted(equal))
        return part._replace(
            shape=part.shape.with_equal(ordered),
            values=tuple(equal[one] for one in ordered),
        )

    def _filtered(self, alias: str) -> Iterator[tuple[str, int]]:
        """The columns that every aggregate over a table's rows compares in its filter."""
        kinds = self.known[alias].kinds
        filters = [filter_of(one) for one, reads in self.aggregates if reads.of(alias)]
        read = set().union(*(reads.of(alias) for _, reads in self.aggregates))
        if not filters or self.counted.of(alias) != read:
            return  # there are other totals than plain aggregates
        for owner, name in filters[0]:
            key, kind = (owner, name), kinds.get(name, -1)
            if owner == alias and kind in SPELLERS and all(key in one for one in filters):
                yield name, kind

    def _sorted_totals(self, alias: str) -> set[str]:
        """The columns of totals, if the answer may be sorted by one."""
        plain = all(
            isinstance(one, OrderBy) and isinstance(one.expression, Col) for one in self.order
        )
        return set() if plain else self._totals(alias)


def _known_table(name: str) -> Table:
    known = table(name)
    if known is None or not known.managed:
        raise NotUnderstood(f"{name} may be a view")
    return known
