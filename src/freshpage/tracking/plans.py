"""Plans: what to tag a page with when it makes a query that was taken apart before."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from os.path import commonprefix
from typing import Any

from freshpage.tracking.columns import (
    DATE,
    DATETIME,
    INTEGER,
    SPELLERS,
    TEXT,
    as_datetime,
    spell,
)
from freshpage.tracking.conditions import Conditions
from freshpage.tracking.parts import VALUES, Counted, InAnswer, Part, RowTags, Source, Window
from freshpage.tracking.positions import Beginning, cell_with, cells_between, position
from freshpage.tracking.queries import Analysis
from freshpage.tracking.registry import Registry
from freshpage.tracking.shapes import Tagger, whole_table
from freshpage.tracking.shown import Building, Cell
from freshpage.tracking.traces import Trace, shown_rows

ROWS = 1000  # rows of one table in an answer that are tagged one by one at most
TAGS = 512  # tags of one part at most, before its stretch is given up

MEMO = 1024  # askings of one part that are remembered
_DAY = datetime.timedelta(days=1)

_WHOLE = {int}

Row = Sequence[Any]
Answer = Sequence[Row] | None


class Plan:
    """What a query depends on, with the tags it leads to.

    :param since: the registry's version that has all its shapes.
    :param whole: the tags that any write to its tables touches.
    """

    __slots__ = ("_parts", "_rows", "clock", "generation", "since", "tables", "whole")

    def __init__(self, analysis: Analysis, registry: Registry) -> None:
        self.generation = registry.generation
        self.tables = analysis.tables
        self.clock = analysis.clock
        self._parts = [_Part(part, registry) for part in analysis.parts]
        self._rows = [_Rows(rows, registry) for rows in analysis.rows]
        self.whole = {registry.tagger(whole_table(name)).tag for name in analysis.tables}
        self.since = registry.version

    def note(
        self,
        tags: set[str],
        conditions: Sequence[Conditions],
        answer: Answer,
        trace: Trace,
        building: Building | None = None,
    ) -> None:
        """Add the tags of one execution.

        :param answer: its rows; None: they come later, each through :meth:`row_tags`.
        :param building: makes instances of the rows; what they show the trace will know.
        :raises KeyError: the query is not the one this plan was made for.
        """
        found: dict[str, int] = {}
        if answer is not None:
            for rows in self._rows:
                keys = rows.keys(answer)
                if keys is None:
                    tags.add(rows.whole)
                    continue
                found[rows.alias] = len(keys)
                if building is None or rows.always is None:
                    tags.update(rows.tags(keys))
                elif keys:
                    building.begin(len(answer))
                    trace.answers += shown_rows(rows, answer, keys, building)
        for part in self._parts:
            tags.update(part.tags(conditions[part.query], answer, found))

    def row_tags(self, row: Row) -> list[str]:
        """The tags of a row that came later."""
        tags: list[str] = []
        for rows in self._rows:
            keys = rows.keys((row,))
            tags += [rows.whole] if keys is None else rows.tags(keys)
        return tags


class _Rows:
    """The tags of a table's rows that are in the answer."""

    def __init__(self, rows: RowTags, registry: Registry) -> None:
        self.alias = rows.alias
        self.always = rows.always
        self.shape = rows.shape
        self.tagger = registry.tagger(rows.shape)
        self.whole = registry.tagger(whole_table(rows.shape.table)).tag
        # too many shapes: it became the whole table
        self._given_up = self.tagger.shape is not rows.shape and self.tagger.shape != rows.shape
        self._places = rows.places
        self._kinds = [column.kind for column in rows.shape.equal]
        # the place of a key that spells itself, which most tables have
        self._integer = None if self._given_up or self._kinds != [INTEGER] else self._places[0]
        # by the columns that are shown: what the trace found for them
        self.by_shown: dict[frozenset[Cell], Tagger] = {}

    def tags(self, keys: Collection[Any]) -> list[str]:
        """The rows' tags, whatever is shown of them."""
        tag = self.tagger.tag
        return [tag, *[f"{tag}:{key}" for key in keys]]

    def key(self, row: Row) -> Collection[Any] | None:
        """The same as :meth:`keys` of one row."""
        if self._integer is not None and type(row[self._integer]) is int:
            return (row[self._integer],)
        return self.keys((row,))

    def keys(self, answer: Sequence[Row]) -> Collection[Any] | None:
        """The rows' keys, as they are spelled in tags; None: too many, or they can't be."""
        if self._given_up or len(answer) > ROWS:
            return None
        try:
            if len(self._places) > 1:
                keys = {tuple([row[place] for place in self._places]) for row in answer}
                return [",".join(map(spell, self._kinds, key)) for key in keys if None not in key]
            (place,), (kind,) = self._places, self._kinds
            values = {row[place] for row in answer}
            values.discard(None)
            if kind == INTEGER and {*map(type, values)} <= _WHOLE:
                return values  # they spell themselves
            return list(map(SPELLERS[kind], values))
        except (ValueError, TypeError):
            return None


class _Part:
    """The tags of a part, and of what stands for it where the answer tells too little."""

    def __init__(self, part: Part, registry: Registry) -> None:
        self.part = part
        self.query = part.query
        self._tagger = registry.tagger(part.shape)
        self._whole = registry.tagger(whole_table(part.shape.table)).tag
        self._given_up = self._tagger.shape is not part.shape and self._tagger.shape != part.shape
        without = part.without_answer()
        self._fallback = _Part(without, registry) if without else None
        self._memo: dict[Any, Collection[str]] = {}

    def tags(
        self, conditions: Conditions, answer: Answer, found: dict[str, int]
    ) -> Collection[str]:
        """The tags of one execution.

        :param found: by alias, how many rows of a table are in the answer.
        """
        part = self.part
        if self._given_up:
            return (self._tagger.tag,)
        if part.pinned and found.get(part.pinned[0], 0) >= len(conditions.equal[part.pinned]):
            return ()
        if part.when_full is not None and part.when_full != _is_full(part.window, answer):
            return ()
        try:
            values = [_values(source, conditions, answer) for source in part.values]
            stretch = _stretch(part, conditions, answer)
            asked = (*values, stretch)
            known = self._memo.get(asked)
            if known is None:
                known = self._tags(values, stretch)
                if len(self._memo) >= MEMO:
                    self._memo.clear()
                self._memo[asked] = known
        except NotInAnswer:
            assert self._fallback is not None
            return self._fallback.tags(conditions, answer, found)
        except (ValueError, TypeError, OverflowError):
            return (self._whole,)
        return known

    def _tags(self, values: Sequence[Iterable[Any]], stretch: Stretch) -> Collection[str]:
        shape, tagger = self.part.shape, self._tagger
        spelled = [
            [spell(column.kind, value) for value in some]
            for column, some in zip(shape.equal, values, strict=True)
        ]
        tags = tagger.asked(spelled) if shape.equal or shape.dimension else []
        if shape.dimension is not None:
            if isinstance(stretch, str | Beginning):
                cells = [cell_with(stretch)]
            else:
                cells = cells_between(shape.dimension.kind, *stretch)
                if len(tags) * len(cells) > TAGS:
                    cells = cells_between(shape.dimension.kind, None, None)
            tags = [f"{tag}/{cell}" for tag in tags for cell in cells]
        return (tagger.tag, *tags)


class NotInAnswer(Exception):
    """The answer does not tell the values a part is asked with."""


def _values(source: Source, conditions: Conditions, answer: Answer) -> tuple[Any, ...]:
    if isinstance(source, Counted):
        return tuple(conditions.counted[source.key])
    if isinstance(source, InAnswer):
        if answer is None or len(answer) > ROWS:
            raise NotInAnswer
        values = {row[source.place] for row in answer}
        if len(values) > VALUES:
            raise NotInAnswer
        return tuple(values)
    return tuple(conditions.equal[source])


# words that are in a text or begin it, or the first and the last position of a stretch
Stretch = str | Beginning | tuple[int | None, int | None]
_OPEN = (None, None)


def _stretch(part: Part, conditions: Conditions, answer: Answer) -> Stretch:
    """The stretch of its dimension that the part depends on."""
    if part.shape.dimension is None:
        return _OPEN
    kind = part.shape.dimension.kind
    if part.stretch is None:
        return _window_ends(part.window, kind, answer)
    if part.stretch in conditions.words:
        return conditions.words[part.stretch]
    low, high = conditions.bounds[part.stretch]
    if kind == TEXT:  # what lies between two texts begins as both do
        return Beginning("" if None in (low, high) else commonprefix([low, high]))  # noqa: RUF071 (no paths)
    if high is not None and _moves(kind, high):
        high = None
    return (
        None if low is None else position(kind, low),
        None if high is None else position(kind, high),
    )


def _is_full(window: Window | None, answer: Answer) -> bool:
    return bool(window and answer and len(answer) >= window.rows)


def _window_ends(window: Window | None, kind: int, answer: Answer) -> tuple[int | None, int | None]:
    if not window or not answer or not _is_full(window, answer):
        return None, None  # there is room for more
    last = answer[-1][window.place]
    if last is None:
        return None, None
    edge = position(kind, last)
    return (edge, None) if window.descending else (None, edge)


def _moves(kind: int, moment: Any) -> bool:
    """Whether a bound may be the present, or hang on it: it moves up before the page ends."""
    if kind not in (DATE, DATETIME):
        return False
    return as_datetime(moment) > datetime.datetime.now(datetime.UTC) - _DAY
