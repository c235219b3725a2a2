"""What a query is taken apart into: the parts its tables play, and the rows in its answer."""

from __future__ import annotations

from typing import NamedTuple

from freshpage.tracking.conditions import Key
from freshpage.tracking.shapes import Column, Shape

VALUES = 256  # combinations of values that one part of a query is tagged with at most


class InAnswer(NamedTuple):
    """Values that are to be taken from the rows of the answer, at a place in each."""

    place: int


class Counted(NamedTuple):
    """Values that the query's aggregates ask for in their filters."""

    key: Key


Source = Key | InAnswer | Counted


class Window(NamedTuple):
    """An ordered answer that is cut off after some rows.

    :param place: of the value that orders it, in a row of the answer.
    """

    place: int
    descending: bool
    rows: int


class Part(NamedTuple):
    """One table's part in a query.

    :param query: whose conditions: the number of a (sub)query.
    :param values: where those of ``shape.equal`` are.
    :param stretch: the condition on ``shape.dimension``.
    :param when_full: holds only for an answer that fills its window, or does not.
    :param pinned: a unique column among ``values``: once all it asks for are in the
        answer, no other row can come in.
    """

    query: int
    shape: Shape
    values: tuple[Source, ...]
    window: Window | None = None
    stretch: Key | None = None
    when_full: bool | None = None
    pinned: Key | None = None

    def without_answer(self) -> Part | None:
        """The part, should values not be found in the answer; None: it wants none."""
        pairs = zip(self.shape.equal, self.values, strict=True)
        kept = {column: source for column, source in pairs if not isinstance(source, InAnswer)}
        if len(kept) == len(self.values):
            return None
        shape = self.shape.with_equal(tuple(kept))
        return self._replace(shape=shape, values=tuple(kept.values()))


class Dimension(NamedTuple):
    """A column of which a stretch matters; for the rest see :class:`Part`."""

    column: Column | None = None
    window: Window | None = None
    stretch: Key | None = None
    when_full: bool | None = None


class RowTags(NamedTuple):
    """A table whose rows are in the answer.

    :param places: of the primary key in a row of the answer.
    :param always: the columns that matter whether they are shown or not; None: all do.
    """

    alias: str
    shape: Shape
    places: tuple[int, ...]
    always: frozenset[str] | None
