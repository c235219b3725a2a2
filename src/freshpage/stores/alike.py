"""What entries in memory have alike is kept once: fields, axes, whole bodies.

Most entries of a site have the same fields but for two or three, and pages that differ in
their address only (not found, say) the same body.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import msgspec

from freshpage.entry import Entry, Node

MOST = 4096  # values remembered; where there are more, they are not alike
BODY_BYTES = 80  # what a body takes beside its bytes, roughly


class Taken(NamedTuple):
    """A node made of what was there already, and the bytes it adds, roughly."""

    node: Node
    beside: int  # its own
    bodies: int  # of bodies that were not there


class Alike:
    """The values of one process's entries. Its user holds a lock."""

    def __init__(self) -> None:
        self._values: dict[Hashable, Any] = {}
        self._bodies: dict[bytes, bytes] = {}
        self._others: dict[bytes, int] = {}  # how many more have a body, where any has

    def take_in(self, node: Node) -> Taken:
        """A node made of what is there already."""
        if not isinstance(node, Entry):
            axes, then = self._one(node.axes), self._one(node.then)
            return Taken(msgspec.structs.replace(node, axes=axes, then=then), node.size, 0)
        beside = node.beside - node.fields
        if node.headers not in self._values:
            beside += node.fields
        size, body = self._kept(node.body)
        forms = []
        for coding, form in node.encoded or ():
            added, kept = self._kept(form)
            forms.append((self._one(coding), kept))
            size += added
        made = msgspec.structs.replace(
            node,
            reason=self._one(node.reason),
            headers=self._one(tuple(map(self._one, node.headers))),
            axes=self._one(node.axes),
            sequence=self._one(node.sequence),
            initial_age=self._one(node.initial_age),
            lifetime=self._one(node.lifetime),
            body=body,
            encoded=None if node.encoded is None else tuple(forms),
        )
        return Taken(made, beside, size)

    def let_go(self, node: Node) -> int:
        """Forget a node's bodies; the bytes of those that no other has."""
        if not isinstance(node, Entry):
            return 0
        return sum(map(self._dropped, (node.body, *(form for _, form in node.encoded or ()))))

    def _one(self, value: Any) -> Any:
        if len(self._values) >= MOST:
            self._values.clear()
        return self._values.setdefault(value, value)

    def _kept(self, body: bytes) -> tuple[int, bytes]:
        if not body:
            return 0, b""
        found = self._bodies.get(body)
        if found is None:
            self._bodies[body] = body
            return len(body) + BODY_BYTES, body
        self._others[found] = self._others.get(found, 0) + 1
        return 0, found

    def _dropped(self, body: bytes) -> int:
        if not body:
            return 0
        others = self._others.pop(body, 0)
        if others:
            if others > 1:
                self._others[body] = others - 1
            return 0
        del self._bodies[body]
        return len(body) + BODY_BYTES
