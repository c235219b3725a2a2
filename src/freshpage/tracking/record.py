"""The record: what one render declared and read, written down while it happens.

A front door opens one for each render; whatever runs inside the render finds it with
:func:`current`, also in the threads and tasks that inherit its context.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from freshpage.cacheability import Cacheability
from freshpage.request import Request

moments = itertools.count(1)  # tells what was earlier in this process


class Record:
    """What is known so far of one render.

    :param axes: what it depends on whatever it reads.
    :param sent: the request as its door has it; None: not known.
    :param clock_ttl: seconds it lives if it read the clock and says nothing.

    ``watched``: what the render reads from its request is noted. ``explained``: fields that
    Django's own middleware put into Vary for reads that are noted more precisely.
    ``refusal``: why it must not be stored. ``doubt``: why it must not be unless the response
    states its own freshness. ``loss``: why it is not, though that says nothing of the page.
    ``stated``: the render said itself how long it lives, whatever the clock. ``late``: adds
    the tags of what is known only by and by; ``trace``: its own notes of the data's reads.
    ``begun``: when, among ``moments``; its S0 is older. ``apart``: what the render reads from
    its request is noted elsewhere.
    """

    __slots__ = (
        *("_axes", "_clock_ttl", "_read_clock", "apart", "begun", "doubt", "explained", "late"),
        *("loss", "refusal", "sent", "stated", "tags", "trace", "ttl", "watched"),
    )

    def __init__(
        self,
        axes: Iterable[str] = (),
        sent: Request | None = None,
        *,
        clock_ttl: float = 60.0,
    ) -> None:
        self.begun = next(moments)
        self.sent = sent
        self.watched = False
        self.apart = False
        self.explained: set[str] = set()
        self.doubt = ""
        self.ttl: float | None = None
        self.tags: set[str] = set()
        self._axes = dict.fromkeys(axes)
        self.refusal = ""
        self.loss = ""
        self.stated = False
        self.trace: Any = None
        self.late: Callable[[], None] | None = None
        self._clock_ttl = clock_ttl
        self._read_clock = False

    def declare(self, what: Cacheability) -> None:
        """Merge what a fragment says of itself."""
        if what.ttl is not None:
            self.limit(what.ttl)
        self.vary(*what.axes)
        self.tags.update(what.tags)
        if what.unstated_ttl is not None:
            self.read_clock()

    def part(self) -> Record:
        """A record for a part of this render, to be absorbed when it has ended."""
        part = Record(sent=self.sent, clock_ttl=self._clock_ttl)
        part.begun = self.begun
        part.watched = self.watched
        part.apart = self.apart
        return part

    def absorb(self, part: Record) -> None:
        """Take in the record of a part of this render."""
        self.declare(part.cacheability)
        self.doubt = self.doubt or part.doubt
        self.refuse(part.refusal)
        self.lose(part.loss)

    def limit(self, ttl: float) -> None:
        """The page lives ``ttl`` seconds at most."""
        self.ttl = ttl if self.ttl is None else min(self.ttl, ttl)

    def read_clock(self) -> None:
        """The page shows the time, or something that changes with it, without a write."""
        self._read_clock = True

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

    def lose(self, reason: str) -> None:
        """Not all that the render read is known, so it must not be stored."""
        self.loss = self.loss or reason

    @property
    def cacheability(self) -> Cacheability:
        """What was declared and read up to now."""
        if self.late is not None:
            self.late()
        return Cacheability(
            ttl=self.ttl,
            axes=tuple(self._axes),
            tags=frozenset(self.tags),
            unstated_ttl=self._clock_ttl if self._read_clock and not self.stated else None,
        )


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
