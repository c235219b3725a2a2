"""A page's tree in the store: finding an entry, and hanging one in (contract 1).

A node is an entry, or the axes to look at next; their values in the request lead on. An
entry hangs only where every axis it was rendered from has been asked, so two requests that
meet at it agree on all of them.

A render is a decision tree: what it reads first, every render of its page reads first. So a
node asks what all renders below it began with, and no value splits where it was not read.
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

DEPTH = 12  # nodes on the way to an entry; a deeper tree is flattened
AXES_LIFE = 30 * 24 * 3600.0  # seconds
_FLAT = "flat"  # no axis: no render begins with it, so a node that does is never cut short

Groups = tuple[tuple[str, ...], ...]


class Found(NamedTuple):
    """An entry, or the place where one would be."""

    key: bytes
    entry: Entry | None = None
    standing: Standing = Standing.VALID
    fwd: str = "uri-miss"  # RFC 9211 §2.2, when there is no entry


class _Place(NamedTuple):
    """A place in the tree.

    :param known: the axes to be asked here, and after them.
    :param node: what is held here; None: nothing, and ``known`` is what is held above says.
    """

    known: Groups
    node: Axes | Entry | None
    standing: Standing = Standing.VALID


def _look(key: bytes, then: Groups) -> Generator[Call, Any, _Place]:
    held = yield Call("get", (key,))
    if held is None:
        return _Place(then, None)
    if isinstance(held.node, Axes):
        return _Place((held.node.axes, *held.node.then), held.node)
    return _Place((), held.node, held.standing)


def find(root: bytes, request: Request) -> Generator[Call, Any, Found]:
    """Walk a page's tree along a request's values."""
    key, fwd = root, "uri-miss"
    then: Groups = ()
    passed: dict[bytes, Groups] = {}
    for _ in range(DEPTH):
        place = yield from _look(key, then)
        if isinstance(place.node, Entry):
            for missing, known in passed.items():  # found at once the next time
                yield Call("put", (missing, _ask(known, place.node)))
            return Found(key, place.node, place.standing)
        if not place.known:
            break
        if place.node is None:
            passed[key] = place.known
        axes, *rest = place.known
        then = tuple(rest)
        key, fwd = _below(key, axes, request), "vary-miss"
    return Found(key, fwd=fwd)


def hang(root: bytes, request: Request, entry: Entry) -> Generator[Call, Any, bool]:
    """Put an entry where the axes it was rendered from lead.

    :returns: whether the store kept it.
    """
    key = root
    then: Groups = ()
    asked: set[str] = set()
    for _ in range(DEPTH - 1):
        place = yield from _look(key, then)
        left = tuple([axis for axis in entry.axes if axis not in asked])
        known = _asking(place, left)
        if not known:
            return bool((yield Call("put", (key, entry))))
        node = _ask(known, entry)
        same = isinstance(place.node, Axes) and (place.node.axes, place.node.then) == (
            node.axes,
            node.then,
        )
        if not same and not (yield Call("put", (key, node))):
            return False
        axes, *rest = known
        then = tuple(rest)
        asked.update(axes)
        key = _below(key, axes, request)
    if not asked.issuperset(entry.axes):
        # too many questions in a row: the root asks them all, and goes on doing so
        axes = (_FLAT, *sorted(asked.union(entry.axes) - {_FLAT}))
        if not (yield Call("put", (root, _ask((axes,), entry)))):
            return False
        key = _below(root, axes, request)
    return bool((yield Call("put", (key, entry))))


def _asking(place: _Place, left: tuple[str, ...]) -> Groups:
    """What is to be asked at a place from now on, and after that.

    :param left: what a render that comes by has read and not been asked.
    """
    if not place.known:
        return (left,) if left else ()
    first, *rest = place.known
    pairs = zip(first, left, strict=False)
    common = tuple([axis for axis, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)])
    if common == first:
        return place.known
    if common:
        # what hangs below stays where it is: the way to it has one more stop
        return (common, first[len(common) :], *rest)
    if place.node is None:
        return (left,) if left else ()
    return place.known  # no beginning in common: this render is no such tree


def _ask(known: Groups, entry: Entry) -> Axes:
    axes, *then = known
    return Axes(axes, max(entry.expires, entry.response_time + AXES_LIFE), tuple(then))


def _below(key: bytes, axes: tuple[str, ...], request: Request) -> bytes:
    values = [None if axis == _FLAT else axis_value(request, axis) for axis in axes]
    return variant_key(key, axes, tuple(values))
