"""What is kept beside a record while its render reads."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from freshpage.tracking.faults import unknown
from freshpage.tracking.published import source
from freshpage.tracking.record import Record
from freshpage.tracking.registry import Registry
from freshpage.tracking.shapes import Shape, Tagger
from freshpage.tracking.shown import Building, Cell


class ShownRows(Protocol):
    """Rows of one table that were in the answer to a query.

    :param tagger: of their shape if all of them is shown.
    :param always: the columns that matter whether they are shown or not.
    :param by_shown: taggers of narrower shapes, by what is shown.
    """

    tagger: Tagger
    shape: Shape
    always: frozenset[str] | None
    by_shown: dict[frozenset[Cell], Tagger]

    def keys(self, answer: Sequence[Sequence[Any]]) -> Collection[Any] | None:
        """The rows' keys; None: too many, or they can't be spelled."""

    def key(self, row: Sequence[Any]) -> Collection[Any] | None:
        """The same of one row."""


class Shown:
    """Rows of one table that are in an answer, and the instances made of them."""

    __slots__ = ("cells", "keys", "rows")

    def __init__(self, rows: ShownRows, keys: Collection[Any], cells: set[Cell]) -> None:
        self.rows = rows
        self.keys = keys
        self.cells = cells

    def tags(self, registry: Registry, version: int) -> list[str]:
        """The rows' tags for the columns that were asked for up to now."""
        shown = frozenset(self.cells)
        tagger = self.rows.by_shown.get(shown)
        if tagger is None:
            tagger = self._find(shown, registry, version)
        tag = tagger.tag
        return [tag, *[f"{tag}:{key}" for key in self.keys]]

    def _find(self, shown: frozenset[Cell], registry: Registry, version: int) -> Tagger:
        rows, full = self.rows, self.rows.shape
        name = source(full.table)
        own = {column for table, column in shown if table == name}
        columns = tuple(sorted(own.union(rows.always or ())))
        if columns == full.columns:
            return rows.tagger
        shape = full.with_columns(columns)
        known = registry.find(shape)
        if known is not None and known.since <= version:
            rows.by_shown[shown] = known
            return known
        # Unknown to writers when the rows were read: from the next render on.
        if known is None and registry.has_room(full.table):
            registry.tagger(shape)
        return rows.tagger


def shown_rows(
    rows: ShownRows, answer: Sequence[Sequence[Any]], keys: Collection[Any], building: Building
) -> list[Shown]:
    """The rows of one table in an answer, told apart where their instances are.

    :param keys: of all of them.
    """
    if len(building.shown) == 1:
        return [Shown(rows, keys, building.shown[0])]
    each = zip(answer, building.shown, strict=True)
    return [Shown(rows, found, cells) for row, cells in each if (found := rows.key(row))]


class _Level(NamedTuple):
    """A cached value that was missed; what was read before it."""

    key: str
    before: set[str]
    answers: int


class Trace:
    """The reads of one render.

    ``version``: of the registry when it began. ``answers``: the rows that instances were made
    of. ``moments``: looks at the clock that are good for the bound of a query only, of which
    ``met`` were found in one. ``missed``: the values of caches that were not there and were
    not stored since, with the tags of that.
    """

    __slots__ = (
        "_done",
        "_levels",
        "_record",
        "_registry",
        "answers",
        "met",
        "missed",
        "moments",
        "version",
    )

    def __init__(self, record: Record, registry: Registry) -> None:
        registry.confirm()
        self.version = registry.version
        self.answers: list[Shown] = []
        self.moments: list[datetime.datetime] = []
        self.met: set[datetime.datetime] = set()
        self.missed: dict[str, Collection[str]] = {}
        self._record = record
        self._registry = registry
        self._done: tuple[int, int] = (0, 0)
        self._levels: list[_Level] = []

    def finish(self) -> None:
        """Add the tags of what was shown up to now."""
        try:
            self._finish()
        except Exception as fault:
            unknown(self._record, fault)

    def _finish(self) -> None:
        if not self.met.issuperset(self.moments):
            self._record.read_clock()
        self._close(0)
        self._record.tags.update(*self.missed.values())
        cells = sum(len(one.cells) for one in self.answers)
        state = (len(self.answers), cells)
        if state != self._done:
            for one in self.answers:
                self._record.tags.update(one.tags(self._registry, self.version))
            self._done = state

    # -- values of caches ----------------------------------------------------------------

    def begin(self, key: str, missed: Collection[str]) -> None:
        """What is read from here on may be what a cached value is made of.

        :param missed: the tags of there being none, should it stay so.
        """
        self.missed[key] = missed
        self._levels.append(_Level(key, self._record.tags, len(self.answers)))
        self._record.tags = set()

    def end(self, key: str) -> set[str]:
        """The tags of all that was read since a value was missed.

        Of all that was read at all, for one that was not.
        """
        self.missed.pop(key, None)
        keys = [level.key for level in self._levels]
        missed = key in keys
        place = len(keys) - 1 - keys[::-1].index(key) if missed else 0
        answers = self.answers[self._levels[place].answers :] if missed else self.answers
        within = keys[place + 1 :] if missed else []
        self._close(place + 1 if missed else 0)
        tags = self._record.tags.copy()
        self._close(place)
        tags.update(*(self.missed.get(one, ()) for one in within))
        for one in answers:
            tags.update(one.tags(self._registry, self.version))
        return tags

    def _close(self, count: int) -> None:
        """Put what was read apart back together, but for the first so many levels."""
        while len(self._levels) > count:
            before = self._levels.pop().before
            before.update(self._record.tags)
            self._record.tags = before


def trace_of(record: Record, registry: Registry) -> Trace:
    """A record's trace, begun with its first read."""
    trace = record.trace
    if not isinstance(trace, Trace):
        trace = record.trace = Trace(record, registry)
        record.late = trace.finish
    return trace
