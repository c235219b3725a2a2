"""A page's tree in the store: finding an entry, and hanging one in (contract 1).

A node is an entry, or the axes to look at next; their values in the request lead on. An
entry hangs only where every axis it was rendered from has been asked, so two requests that
meet at it agree on all of them.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import takewhile
from typing import Any, NamedTuple

from freshpage.entry import Axes, Entry
from freshpage.key import variant_key
from freshpage.outcome import Call
from freshpage.request import Request, axis_value
from freshpage.sequence import Standing

DEPTH = 8  # nodes on the way to an entry; a deeper tree is flattened
_FLAT = "flat"  # no axis: no render begins with it, so a node that does is never cut short
AXES_LIFE = 30 * 24 * 3600.0  # seconds


class Found(NamedTuple):
    """An entry, or the place where one would be."""

    key: bytes
    entry: Entry | None = None
    standing: Standing = Standing.VALID
    fwd: str = "uri-miss"  # RFC 9211 §2.2, when there is no entry


def find(root: bytes, request: Request) -> Generator[Call, Any, Found]:
    """Walk a page's tree along a request's values."""
    key, fwd = root, "uri-miss"
    for _ in range(DEPTH):
        held = yield Call("get", (key,))
        if held is None:
            break
        if isinstance(held.node, Entry):
            return Found(key, held.node, held.standing)
        key, fwd = _below(key, held.node.axes, request), "vary-miss"
    return Found(key, fwd=fwd)


def hang(root: bytes, request: Request, entry: Entry) -> Generator[Call, Any, bool]:
    """Put an entry where the axes it was rendered from lead.

    :returns: whether the store kept it.
    """
    key = root
    asked: set[str] = set()
    for _ in range(DEPTH - 1):
        held = yield Call("get", (key,))
        known = held.node.axes if held is not None and isinstance(held.node, Axes) else ()
        axes = _next(known, tuple([axis for axis in entry.axes if axis not in asked]))
        if not axes:
            return bool((yield Call("put", (key, entry))))
        if axes != known and not (yield Call("put", (key, _ask(axes, entry)))):
            return False
        asked.update(axes)
        key = _below(key, axes, request)
    if not asked.issuperset(entry.axes):
        # too many questions in a row: the root asks them all, and goes on doing so
        axes = (_FLAT, *sorted(asked.union(entry.axes) - {_FLAT}))
        if not (yield Call("put", (root, _ask(axes, entry)))):
            return False
        key = _below(root, axes, request)
    return bool((yield Call("put", (key, entry))))


def _next(known: tuple[str, ...], read: tuple[str, ...]) -> tuple[str, ...]:
    """What a node is to ask, when a render comes by that read ``read`` in this order.

    A render is a decision tree: what it reads first, every render of its page reads first.
    So a node asks what all renders below it began with, and no value splits where it was
    not read. Where they have no beginning in common it stays as it is.
    """
    pairs = zip(known, read, strict=False)
    common = tuple([axis for axis, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)])
    return common or known or read


def _ask(axes: tuple[str, ...], entry: Entry) -> Axes:
    return Axes(axes, max(entry.expires, entry.response_time + AXES_LIFE))


def _below(key: bytes, axes: tuple[str, ...], request: Request) -> bytes:
    values = [None if axis == _FLAT else axis_value(request, axis) for axis in axes]
    return variant_key(key, axes, tuple(values))
