"""Answers of the last second, for requests that would get the very same.

The engine says of an answer who else may have it, and how long (:class:`Repeat`). Here it is
kept as long, so that a hot page costs a look-up and a comparison of pulses. Nothing is
decided here: what this finds, the engine would say again.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from freshpage.key import Part
from freshpage.outcome import Answer, Path
from freshpage.request import LANGUAGE, Request, reader
from freshpage.stores.base import Store

ANSWER_BYTES = 2000  # what an answer takes beside its body, roughly


class Repeats:
    """Answers by what was asked.

    No lock: two threads at odds leave an answer that is a second old, and fresh.

    :param store: whose pulse tells of invalidations; one that takes I/O for it is not asked,
        and nothing kept.
    :param budget: bytes to hold on to; 0: nothing is kept.
    """

    def __init__(self, store: Store, budget: int) -> None:
        self._pulse = store.pulse
        self._budget = budget if store.instant_pulse else 0
        self._clear()

    def _clear(self) -> None:
        self._asked: dict[Hashable, _Page] = {}
        self._pages: dict[bytes, _Page] = {}  # by their primary key
        self._bytes = 0

    def find(self, request: Request, now: float) -> Answer | None:
        """The answer to a request, where it was given a moment ago.

        :param now: seconds since 1970.
        """
        page = self._asked.get(request.identity)
        if page is None:
            return None
        node = page.node
        while isinstance(node, _Fork):
            node = node.ways.get(node.read(request))
        if node is None:
            return None
        try:
            stands = node.since <= now < node.until and node.pulse == self._pulse()
        except Exception:  # as in pulse(); not by it, which would be one more call
            return None
        return node.answer if stands else None

    def pulse(self) -> int | None:
        """The store's pulse, to be taken before a look-up; None: nothing is to be kept."""
        try:
            return self._pulse() if self._budget else None
        except Exception:  # whatever is asked of the store next tells
            return None

    def keep(self, request: Request, answer: Answer, pulse: int | None) -> None:
        """Keep an answer for who else may have it."""
        repeat = answer.repeat
        if repeat is None or pulse is None or request.identity is None:
            return
        self._bytes += len(answer.body) + ANSWER_BYTES
        if self._bytes > self._budget:
            self._clear()
            return
        page = self._pages.setdefault(repeat.root, _Page())
        given = _Given(answer, pulse, repeat.since, repeat.until)
        page.node = _placed(page.node, repeat.path, given)
        self._asked[request.identity] = page

    def forget(self, root: bytes) -> None:
        """Forget a page's answers: something else is stored for it now.

        :param root: its primary key.
        """
        page = self._pages.pop(root, None)
        if page is not None:
            page.node = None


@dataclass(frozen=True, slots=True)
class _Given:
    answer: Answer
    pulse: int
    since: float
    until: float


class _Fork:
    """Where the value of an axis leads on."""

    __slots__ = ("axis", "read", "ways")

    def __init__(self, axis: str) -> None:
        self.axis = axis
        self.read = _language if axis == LANGUAGE else reader(axis)
        self.ways: dict[Part, _Node] = {}


def _language(request: Any) -> Part:
    # most sites fork here: so without the calls in between
    language: Part = request.language()
    return language


_Node = _Given | _Fork | None


class _Page:
    """One page, however it was asked for."""

    __slots__ = ("node",)

    def __init__(self) -> None:
        self.node: _Node = None


def _placed(node: _Node, path: Path, given: _Given) -> _Node:
    """A node, with an answer put in where a path leads."""
    if not path:
        return given
    axis, value = path[0]
    if not isinstance(node, _Fork) or node.axis != axis:
        node = _Fork(axis)
    node.ways[value] = _placed(node.ways.get(value), path[1:], given)
    return node
