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

from freshpage.entry import Axes, Entry, Node
from freshpage.key import Part, variant_key
from freshpage.outcome import Call, Path
from freshpage.request import FLAT, Request, axis_value
from freshpage.sequence import Standing

DEPTH = 12  # nodes on the way to an entry; a deeper tree is flattened
AXES_LIFE = 30 * 24 * 3600.0  # seconds

Groups = tuple[tuple[str, ...], ...]


class Found(NamedTuple):
    """An entry, or the place where one would be."""

    key: bytes
    entry: Entry | None = None
    standing: Standing = Standing.VALID
    fwd: str = "uri-miss"  # RFC 9211 §2.2, when there is no entry
    path: Path = ()  # the axes asked on the way, and their values


def find(root: bytes, request: Request) -> Generator[Call, Any, Found]:
    """Walk a page's tree along a request's values."""
    key = root
    path: list[tuple[str, Part]] = []
    then: Groups = ()
    passed: list[tuple[bytes, Groups]] = []
    for _ in range(DEPTH):
        held = yield Call("get", (key,))
        if held is not None and isinstance(held.node, Entry):
            for missing, known in passed:  # found at once the next time
                yield Call("put", (missing, _ask(known, held.node)))
            return Found(key, held.node, held.standing, path=tuple(path))
        if held is not None:
            axes, then = held.node.axes, held.node.then
        elif then:
            passed.append((key, then))
            axes, then = then[0], then[1:]
        else:
            break
        values = _values(axes, request)
        path += zip(axes, values, strict=True)
        key = variant_key(key, axes, values)
    return Found(key, fwd="vary-miss" if path else "uri-miss")


def hang(root: bytes, request: Request, entry: Entry) -> Generator[Call, Any, bool]:
    """Put an entry where the axes it was rendered from lead.

    :returns: whether the store kept it.
    """
    key = root
    then: Groups = ()
    asked: set[str] = set()
    for _ in range(DEPTH - 1):
        held = yield Call("get", (key,))
        left = tuple([axis for axis in entry.axes if axis not in asked])
        node = None if held is None else held.node
        known = _asking(node, then, left)
        if not known:
            return bool((yield Call("put", (key, entry))))
        if not _asks(node, known) and not (yield Call("put", (key, _ask(known, entry)))):
            return False
        axes, then = known[0], known[1:]
        asked.update(axes)
        key = variant_key(key, axes, _values(axes, request))
    if not asked.issuperset(entry.axes):
        # too many questions in a row: the root asks them all, and goes on doing so, for no
        # render begins with FLAT
        axes = (FLAT, *sorted(asked.union(entry.axes) - {FLAT}))
        if not (yield Call("put", (root, _ask((axes,), entry)))):
            return False
        key = variant_key(root, axes, _values(axes, request))
    return bool((yield Call("put", (key, entry))))


def _asking(node: Node | None, then: Groups, left: tuple[str, ...]) -> Groups:
    """What is to be asked at a place from now on, and after that.

    :param node: what is held there.
    :param then: what is to be asked where nothing is held.
    :param left: what a render that comes by has read and not been asked.
    """
    known = (node.axes, *node.then) if isinstance(node, Axes) else () if node is not None else then
    if known:
        first = known[0]
        pairs = zip(first, left, strict=False)
        common = tuple([axis for axis, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)])
        if common == first:
            return known
        if common:
            # what hangs below stays where it is: the way to it has one more stop
            return (common, first[len(common) :], *known[1:])
        if node is not None:
            return known  # no beginning in common: renders of this page are no such tree
    return (left,) if left else ()


def _asks(node: Node | None, known: Groups) -> bool:
    return isinstance(node, Axes) and (node.axes, *node.then) == known


def _ask(known: Groups, entry: Entry) -> Axes:
    expires = max(entry.expires, entry.response_time + AXES_LIFE)
    return Axes(known[0], expires, known[1:])


def _values(axes: tuple[str, ...], request: Request) -> tuple[Part, ...]:
    return tuple([axis_value(request, axis) for axis in axes])
