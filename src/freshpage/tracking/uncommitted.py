"""What a transaction wrote and has not committed, in the eyes of who is within it.

Pages that show it must come from no store, where they are as they were, and go to none,
where they would be before it is true. A door at a view may stand within a transaction; the
others never do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from freshpage.cacheability import EVERYTHING
from freshpage.entry import Entry, Node
from freshpage.sequence import Standing
from freshpage.stores.base import WAIT, Held, Peek, Store
from freshpage.tags import split, tag_digest
from freshpage.tracking.shapes import Change
from freshpage.tracking.transactions import Announced, Pending, is_open

Tags = Callable[[BaseDatabaseWrapper, list[Change]], Collection[str]]


def uncommitted_tags(tags_of: Tags | None) -> frozenset[str]:
    """The tags of what this thread's open transactions wrote.

    :param tags_of: works out what changes touch; None: the data is not tracked.
    """
    found: set[str] = set()
    for connection in connections.all(initialized_only=True):
        waiting: list[Any] = connection.run_on_commit
        if waiting and is_open(connection):
            found |= _tags(connection, [done[1] for done in waiting], tags_of)
    return frozenset(found)


def _tags(connection: BaseDatabaseWrapper, waiting: list[Any], tags_of: Tags | None) -> set[str]:
    found: set[str] = set()
    changes: list[Change] = []
    for one in waiting:
        if isinstance(one, Announced):
            found |= one.tags
        elif isinstance(one, Pending):
            changes += one.changes
    if changes and tags_of is not None:
        found.update(tags_of(connection, changes))
    return found


class Shielded:
    """A store, as seen from within a transaction.

    :param tags: what the transaction will invalidate.
    """

    blocking = True
    instant_pulse = False

    def __init__(self, store: Store, tags: frozenset[str]) -> None:
        self._store = store
        self._tags = tags
        self._digests = frozenset(map(tag_digest, tags))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: bytes) -> Held | None:
        """What the store holds; what is about to be invalidated is so already."""
        held = self._store.get(key)
        if held is not None and self._is_about(held.node):
            return Held(held.node, Standing.INVALID)
        return held

    def peek(self, key: bytes) -> Peek:
        """To be asked for by :meth:`get`."""
        return WAIT

    def put(self, key: bytes, node: Node) -> bool:
        """Keep what the transaction has nothing to do with."""
        return not self._is_about(node) and self._store.put(key, node)

    def _is_about(self, node: Node) -> bool:
        if not isinstance(node, Entry):
            return False
        return EVERYTHING in self._tags or not self._digests.isdisjoint(split(node.tags))
