"""Shapes: the part a table plays in a query, without the values it is asked with.

A site has few of them. A page carries, for each part of each query it made, the shape's tag
and the tags of the values it asked with; a write works out from a row which values of each
shape the row answers to. Both sides derive the same tags from the same shape.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import product
from typing import Any, NamedTuple

import msgspec

from freshpage.tracking.columns import SPELLERS, spell
from freshpage.tracking.positions import cells_around

NEVER, BY_CHANGE, ALWAYS = range(3)

ANY_TABLE = ""
ANY_COLUMN = ("*",)

Row = Mapping[str, Any]


class Change(NamedTuple):
    """What a write did to one row; without old and new: to rows that are not known.

    :param old: the row before; None: there was none.
    :param new: the row after; None: there is none.
    :param columns: those that may have changed; None: all.
    """

    table: str
    old: Row | None = None
    new: Row | None = None
    columns: frozenset[str] | None = None


class Hop(NamedTuple):
    """From a row along a foreign key to the row it points to.

    The tables on the way have shapes of their own, which tell of the value that a row had
    before a change as well as of the one it has. So it does not matter when, after a commit,
    hops are made: a value that was another at the commit is told of by who changed it.
    """

    column: str
    table: str
    key: str


class Column(NamedTuple):
    """A column, and the kind of its values (:mod:`freshpage.tracking.columns`).

    :param hops: the way from the shape's table to the one that has the column.
    """

    name: str
    kind: int
    hops: tuple[Hop, ...] = ()


class NoRow(Exception):
    """A hop leads nowhere: the row is joined with none."""


Follow = Callable[[Row, tuple[Hop, ...]], Row]  # raises NoRow, or LookupError: not to be told


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """One table's part in a query.

    :param columns: a row matters to the query when one of these changes.
    :param equal: columns that are compared with values, which are in the tag.
    :param dimension: a column of which only a stretch matters; the stretch is in the tag.
    :param arrivals: a row that comes into being matters.
    :param departures: when what a row was before matters: NEVER, where every row of the
        answer has a tag of its own; BY_CHANGE, where others are deleted along with it.
    """

    table: str
    columns: tuple[str, ...]
    equal: tuple[Column, ...] = ()
    dimension: Column | None = None
    arrivals: bool = True
    departures: int = ALWAYS

    def with_equal(self, equal: tuple[Column, ...]) -> Shape:
        """The shape with other columns to compare."""
        return msgspec.structs.replace(self, equal=equal)

    def with_columns(self, columns: tuple[str, ...]) -> Shape:
        """The shape, to which other columns matter."""
        return msgspec.structs.replace(self, columns=columns)

    def __post_init__(self) -> None:
        """Refuse what no query has."""
        if any(column.kind not in SPELLERS for column in self.equal):
            raise ValueError("equal columns are of kinds that can be spelled")


def whole_table(name: str) -> Shape:
    """The part of a table of which nothing is known but that it was read."""
    return Shape(name, ANY_COLUMN)


_CHECK = 8  # bytes by which damage is noticed
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Shape)


def encode(shape: Shape) -> bytes:
    """A shape as it is noted in the store."""
    item = _encoder.encode(shape)
    return hashlib.blake2b(item, digest_size=_CHECK).digest() + item


def decode(note: bytes) -> Shape | None:
    """A noted shape; None: it is damaged, or of a version we don't know."""
    item = note[_CHECK:]
    if hashlib.blake2b(item, digest_size=_CHECK).digest() != note[:_CHECK]:
        return None
    try:
        return _decoder.decode(item)
    except msgspec.DecodeError:
        return None


class Tagger:
    """Names the tags of one shape: for who reads with it, and for who writes.

    :param since: the version of the registry it came with.

    Its ``tag`` is what every page with this shape carries, whatever the values.
    """

    __slots__ = ("_asked", "_columns", "shape", "since", "tag")

    def __init__(self, shape: Shape, since: int = 0) -> None:
        self.since = since
        digest = hashlib.blake2b(encode(shape), digest_size=9).digest()
        self.tag = "@" + urlsafe_b64encode(digest).decode("ascii")
        self.shape = shape
        self._columns = frozenset(shape.columns)
        asked = shape.equal if shape.dimension is None else (*shape.equal, shape.dimension)
        # what a row must keep to answer to the same values
        self._asked = {column.hops[0].column if column.hops else column.name for column in asked}

    def asked(self, spelled: Iterable[Iterable[str]]) -> list[str]:
        """The tags of a query, without a stretch.

        :param spelled: for each column of ``equal`` the values it may have.
        """
        return [f"{self.tag}:{','.join(values)}" for values in product(*spelled)]

    def _concerned(self, change: Change) -> bool:
        """Whether a change may touch a tag; a row that comes or goes may."""
        columns = change.columns
        return (
            columns is None
            or (change.old is None) != (change.new is None)
            or self.shape.columns == ANY_COLUMN
            or not self._columns.isdisjoint(columns)
        )

    def touched(self, change: Change, follow: Follow) -> Collection[str]:
        """The tags a change touches.

        :param follow: makes hops.
        """
        if not self._concerned(change):
            return ()
        old, new = change.old, change.new
        if new is None:
            if old is None:
                return (self.tag,)
            return self._of(old, follow) if self.shape.departures >= ALWAYS else ()
        if old is None:
            return self._of(new, follow) if self.shape.arrivals else ()
        tags = self._of(new, follow)
        if self.shape.departures < BY_CHANGE or self._stays(change):
            return tags
        return {*tags, *self._of(old, follow)}

    def _stays(self, change: Change) -> bool:
        """Whether a row answers to the values it answered to before."""
        return change.columns is not None and self._asked.isdisjoint(change.columns)

    def _of(self, row: Row, follow: Follow) -> Collection[str]:
        shape = self.shape
        if not shape.equal and shape.dimension is None:
            return (self.tag,)
        try:
            values = ",".join(
                [
                    spell(kind, (follow(row, hops) if hops else row)[name])
                    for name, kind, hops in shape.equal
                ]
            )
            tag = f"{self.tag}:{values}"
            if shape.dimension is None:
                return (tag,)
            name, kind, hops = shape.dimension
            value = (follow(row, hops) if hops else row)[name]
            return [f"{tag}/{cell}" for cell in cells_around(kind, value)]
        except NoRow:
            return ()
        except (LookupError, ValueError, TypeError, OverflowError):
            return (self.tag,)  # a value that can't be told: whatever it was
