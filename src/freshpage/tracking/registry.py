"""The shapes that pages may have been made with, known to every process that writes.

They are noted in the store, beside the tags. A render notes a shape *before* it asks the
database with it; a write looks for new ones *after* its commit. So a write either finds
the shape, or was committed before the query and is in its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from freshpage import sequence
from freshpage.tracking.shapes import (
    ANY_TABLE,
    Change,
    Follow,
    Shape,
    Tagger,
    decode,
    encode,
    whole_table,
)

SHAPES_PER_TABLE = 400  # beyond: the whole table
TAGS_PER_SHAPE = 400  # that one commit touches; beyond: the shape's own tag


class NoteStore(Protocol):
    """What is asked of a store."""

    def sequence(self) -> sequence.Sequence:
        """The sequence now."""

    def note(self, item: bytes) -> None:
        """Add to the notes, which live as long as the epoch."""

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark, and the mark after them."""


class Registry:
    """A process's copy of the noted shapes.

    :param stores: gives the stores that keep pages, which may be others each time.
    """

    def __init__(self, stores: Callable[[], Sequence[NoteStore]]) -> None:
        self._stores = stores
        self._lock = threading.Lock()
        self._lives: list[tuple[NoteStore, int]] = []  # the stores, and their epochs
        self._marks: list[int] = []
        self._known: dict[Shape, Tagger] = {}
        self._by_table: dict[str, list[Tagger]] = {}
        self._asked = False
        self.unreadable = False  # there are notes of a version we don't know, or damaged ones
        self.generation = 0  # differs when shapes may have been lost
        self.version = 0  # grows with each shape that becomes known

    # -- for who reads -------------------------------------------------------------------

    def confirm(self) -> None:
        """Make sure that what is known is noted in the stores as they are now."""
        if self._lives_now() != self._lives:
            self.refresh()

    def _lives_now(self) -> list[tuple[NoteStore, int]]:
        return [(store, store.sequence().epoch) for store in self._stores()]

    def find(self, shape: Shape) -> Tagger | None:
        """A shape's tagger, if it is known."""
        return self._known.get(shape)

    def has_room(self, table: str) -> bool:
        """Whether there are few enough shapes of a table to add one that is not needed."""
        return len(self._by_table.get(table, ())) < SHAPES_PER_TABLE // 4

    def tagger(self, shape: Shape) -> Tagger:
        """A shape's tagger, once every process can know the shape."""
        known = self._known.get(shape)
        if known is not None:
            return known
        if len(self._by_table.get(shape.table, ())) >= SHAPES_PER_TABLE:
            shape = whole_table(shape.table)
            known = self._known.get(shape)
            if known is not None:
                return known
        with self._lock:
            generation = self.generation
            for store in self._stores():
                store.note(encode(shape))
            if generation == self.generation:
                self._add(shape)
            return self._known.get(shape) or Tagger(shape, self.version)

    # -- for who writes ------------------------------------------------------------------

    def refresh(self) -> None:
        """Learn what other processes noted."""
        with self._lock:
            lives = self._lives_now()
            anew = lives != self._lives
            if anew:
                self._forget(lives)
            notes = [store.notes(mark) for (store, _), mark in zip(lives, self._marks, strict=True)]
            items = {item for _, found in notes for item in found}
            if anew and len(lives) > 1:
                for (store, _), (_, found) in zip(lives, notes, strict=True):
                    for item in items.difference(found):
                        store.note(item)
            if self._lives_now() != lives:
                raise RuntimeError("a store started anew meanwhile")
            for item in items:
                shape = decode(item)
                if shape is None:
                    self.unreadable = True
                else:
                    self._add(shape)
            self._marks = [mark for mark, _ in notes]

    def is_read(self, table: str) -> bool:
        """Whether a page may have read a table, as far as this process knows.

        It asks the store when it knows of none yet: a command that writes once and ends.
        """
        if not self._asked:
            self._asked = True
            with suppress(Exception):  # whoever delivers the write will ask again, and tell
                self.refresh()
        return table in self._by_table

    def tables(self, start: str) -> list[str]:
        """The known tables whose names start so."""
        return [name for name in self._by_table if name.startswith(start)]

    def touched(self, changes: Iterable[Change], follow: Follow) -> set[str]:
        """The tags that changes touch.

        :param follow: makes hops in the database they were made in.
        """
        by_tagger: dict[Tagger, set[str]] = {}
        for change in changes:
            for place in {change.table, ANY_TABLE}:
                for tagger in self._by_table.get(place, ()):
                    if len(by_tagger.get(tagger, ())) <= TAGS_PER_SHAPE:
                        found = tagger.touched(change, follow)
                        if found:
                            by_tagger.setdefault(tagger, set()).update(found)
        tags: set[str] = set()
        for tagger, found in by_tagger.items():
            tags.update(found if len(found) <= TAGS_PER_SHAPE else (tagger.tag,))
        return tags

    def _add(self, shape: Shape) -> None:
        if shape not in self._known:
            self.version += 1
            tagger = self._known[shape] = Tagger(shape, self.version)
            # a new list: others read the old one meanwhile
            self._by_table[shape.table] = [*self._by_table.get(shape.table, ()), tagger]

    def _forget(self, lives: list[tuple[NoteStore, int]]) -> None:
        self._lives, self._marks = lives, [0] * len(lives)
        self._known, self._by_table = {}, {}
        self.unreadable = False
        self.generation += 1
        self.version += 1
