"""A store that remembers the invalidations it could not deliver.

While any is owed the store below may hold pages that are no longer right, so nothing is
read from it or written to it by this process until they have been delivered.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.base import WAIT, Held, Peek, Store, StoreError, StoreStats
from freshpage.stores.leases import Leases


class OwingStore:
    """``below``, with a memory for undelivered invalidations."""

    def __init__(self, below: Store) -> None:
        self.below = below
        self.blocking = below.blocking
        self.instant_pulse = below.instant_pulse
        self._owed: set[str] = set()
        self._lock = threading.Lock()

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """As the store below; what fails is tried again before anything else is asked.

        A soft invalidation that had to wait becomes a hard one.
        """
        try:
            self._settle()
            return self.below.invalidate(tags, soft=soft)
        except Exception:
            with self._lock:
                self._owed.update(tags)
            raise

    def _settle(self) -> None:
        if not self._owed:
            return
        with self._lock:
            owed = frozenset(self._owed)
        try:
            self.below.invalidate(owed)
        except Exception as fault:
            raise StoreError(f"{len(owed)} invalidations wait for the store: {fault}") from fault
        with self._lock:
            self._owed -= owed

    def pulse(self) -> int:
        if self._owed:
            self._settle()
        return self.below.pulse()

    def sequence(self) -> Sequence:
        self._settle()
        return self.below.sequence()

    def get(self, key: bytes) -> Held | None:
        if self._owed:
            self._settle()
        return self.below.get(key)

    def peek(self, key: bytes) -> Peek:
        return WAIT if self._owed else self.below.peek(key)

    def put(self, key: bytes, node: Node) -> bool:
        self._settle()
        return self.below.put(key, node)

    def delete(self, key: bytes) -> None:
        self.below.delete(key)

    def standing(self, entry: Entry) -> Standing:
        self._settle()
        return self.below.standing(entry)

    def note(self, item: bytes) -> None:
        self.below.note(item)

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        return self.below.notes(since)

    def leases(self) -> Leases:
        """Those of the store below."""
        return self.below.leases()

    def sweep(self, now: float) -> int:
        return self.below.sweep(now)

    def stats(self) -> StoreStats:
        return self.below.stats()

    def close(self) -> None:
        self.below.close()
