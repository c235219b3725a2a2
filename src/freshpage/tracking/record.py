"""The record: what one render declared and read, written down while it happens.

A front door opens one for each render; whatever runs inside the render finds it with
:func:`current`, also in the threads and tasks that inherit its context.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from freshpage.cacheability import Cacheability
from freshpage.request import Request


class Record:
    """What is known so far of one render.

    :param axes: what it depends on whatever it reads.
    :param sent: the request as its door has it; None: not known.

    ``watched``: what the render reads from its request is noted. ``explained``: fields that
    Django's own middleware put into Vary for reads that are noted more precisely.
    ``refusal``: why it must not be stored. ``doubt``: why it must not be unless the response
    states its own freshness.
    """

    __slots__ = (*("_axes", "doubt", "explained", "refusal", "sent", "tags", "ttl", "watched"),)

    def __init__(self, axes: Iterable[str] = (), sent: Request | None = None) -> None:
        self.sent = sent
        self.watched = False
        self.explained: set[str] = set()
        self.doubt = ""
        self.ttl: float | None = None
        self.tags: set[str] = set()
        self._axes = dict.fromkeys(axes)
        self.refusal = ""

    def declare(self, what: Cacheability) -> None:
        """Merge what a fragment says of itself."""
        if what.ttl is not None:
            self.limit(what.ttl)
        self.vary(*what.axes)
        self.tags.update(what.tags)

    def part(self) -> Record:
        """A record for a part of this render, to be absorbed when it has ended."""
        part = Record(sent=self.sent)
        part.watched = self.watched
        return part

    def absorb(self, part: Record) -> None:
        """Take in the record of a part of this render."""
        self.declare(part.cacheability)
        self.doubt = self.doubt or part.doubt
        self.refuse(part.refusal)

    def limit(self, ttl: float) -> None:
        """The page lives ``ttl`` seconds at most."""
        self.ttl = ttl if self.ttl is None else min(self.ttl, ttl)

    def vary(self, *axes: str) -> None:
        """The page varies on these axes ("header:accept", "cookie:theme", ...)."""
        for axis in axes:
            self._axes.setdefault(axis)

    def forget(self, axis: str) -> None:
        """The page does not vary on an axis after all."""
        self._axes.pop(axis, None)

    def varies(self, axis: str) -> bool:
        """Whether the page is known to vary on an axis."""
        return axis in self._axes

    def refuse(self, reason: str) -> None:
        """The page must not be stored; the first reason given is the one told."""
        self.refusal = self.refusal or reason

    @property
    def cacheability(self) -> Cacheability:
        """What was declared and read up to now."""
        return Cacheability(ttl=self.ttl, axes=tuple(self._axes), tags=frozenset(self.tags))


_current: ContextVar[Record | None] = ContextVar("freshpage-record", default=None)


def current() -> Record | None:
    """The record of the render that runs here; None outside of one."""
    return _current.get()


@contextmanager
def recording(record: Record | None) -> Iterator[None]:
    """Make ``record`` the current one; None: what runs inside is not recorded."""
    token = _current.set(record)
    try:
        yield
    finally:
        _current.reset(token)
