"""The map of nodes in this process's memory, evicted by SIEVE within a budget of bytes.

SIEVE (Zhang and others, NSDI 2024): one queue in order of arrival, a visited bit a slot,
and a hand that walks from the oldest to the newest, sparing (once) what was visited. A hit
sets a bit and takes no lock.
"""

from __future__ import annotations

import threading

import msgspec

from freshpage.entry import Axes, Node
from freshpage.sequence import Standing
from freshpage.stores.alike import Alike
from freshpage.stores.forking import rest_while_forking

SLOT_BYTES = 320  # what a slot takes beside its node and key, roughly
GHOSTS = 10_000  # keys remembered that were asked for once


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What is known of a node: replaced as a whole, so that readers need no lock."""

    node: Node
    standing: Standing
    pulse: int | None  # at which the standing was found out; None: not yet
    until: float  # seconds since 1970 until which a lower tier knows no better


class Slot:
    """A place in the queue."""

    __slots__ = ("key", "newer", "node", "older", "seen", "size", "visited")

    def __init__(self, key: bytes, seen: Seen, size: int) -> None:
        self.key = key
        self.node = seen.node  # as it was put: what is seen may be put back by who was late
        self.seen = seen
        self.size = size  # beside its bodies
        self.visited = False
        self.newer: Slot | None = None
        self.older: Slot | None = None


class Sieve:
    """Nodes by key.

    :param budget: bytes that all nodes together may take.
    :param admission: take in an entry only the second time it is put.
    """

    def __init__(self, budget: int, *, admission: bool = False) -> None:
        self.budget = budget
        self._ghosts = Ghosts() if admission else None
        self._alike = Alike()
        self._slots: dict[bytes, Slot] = {}
        self.find = self._slots.get  # the hit: mark what is found as visited
        self._newest: Slot | None = None
        self._oldest: Slot | None = None
        self._hand: Slot | None = None
        self.bytes = 0
        self._lock = threading.Lock()
        self.before_fork = self._lock.acquire
        self.after_fork = self._lock.release
        rest_while_forking(self)

    def __len__(self) -> int:
        return len(self._slots)

    def put(self, key: bytes, seen: Seen) -> bool:
        """Take in a node in place of the one under the same key; False: not taken in."""
        size = seen.node.size + len(key) + SLOT_BYTES
        if size > self.budget or not self._admits(key, seen.node):
            self.delete(key)
            return False
        with self._lock:
            self._fill(key, seen)
            while self.bytes > self.budget:
                self._evict(key)
        return True

    def delete(self, key: bytes) -> bool:
        """Forget a key; whether there was one."""
        with self._lock:
            slot = self._slots.get(key)
            if slot is not None:
                self._drop(slot)
            return slot is not None

    def sweep(self, now: float) -> int:
        """Drop what expired before ``now``; the number dropped."""
        expired = [slot for slot in list(self._slots.values()) if slot.seen.node.expires < now]
        return sum(self.delete(slot.key) for slot in expired)

    def clear(self) -> None:
        """Forget every key."""
        with self._lock:
            for slot in list(self._slots.values()):
                self._drop(slot)

    def _admits(self, key: bytes, node: Node) -> bool:
        """Axes are small and lead to entries: they always come in."""
        return (
            self._ghosts is None
            or isinstance(node, Axes)
            or key in self._slots
            or self._ghosts.seen_before(key)
        )

    def _fill(self, key: bytes, seen: Seen) -> None:
        """Hold a node under a key, made of what others hold where that is alike."""
        node, beside, bodies = self._alike.take_in(seen.node)
        seen = Seen(node, seen.standing, seen.pulse, seen.until)
        size = beside + len(key) + SLOT_BYTES
        slot = self._slots.get(key)
        if slot is None:
            slot = Slot(key, seen, size)
            self._link(slot)
            self._slots[key] = slot
        else:
            self._release(slot)
            slot.node, slot.seen, slot.size = node, seen, size
        self.bytes += size + bodies

    def _release(self, slot: Slot) -> None:
        self.bytes -= slot.size + self._alike.let_go(slot.node)

    def _evict(self, spared: bytes) -> None:
        """Drop the first slot from the hand on that was not visited since it last passed."""
        slot = self._hand or self._oldest
        while slot is None or slot.visited or slot.key == spared:
            if slot is not None:
                slot.visited = False
            slot = (slot and slot.newer) or self._oldest
        self._hand = slot.newer
        self._drop(slot)

    def _link(self, slot: Slot) -> None:
        slot.older = self._newest
        if self._newest is not None:
            self._newest.newer = slot
        else:
            self._oldest = slot
        self._newest = slot

    def _drop(self, slot: Slot) -> None:
        del self._slots[slot.key]
        if self._hand is slot:
            self._hand = slot.newer
        if slot.older is not None:
            slot.older.newer = slot.newer
        else:
            self._oldest = slot.newer
        if slot.newer is not None:
            slot.newer.older = slot.older
        else:
            self._newest = slot.older
        self._release(slot)


class Ghosts:
    """Keys put once lately, in two generations so that old ones are forgotten."""

    def __init__(self, capacity: int = GHOSTS) -> None:
        self._capacity = capacity
        self._young: set[int] = set()
        self._old: set[int] = set()

    def seen_before(self, key: bytes) -> bool:
        """Whether a key was asked for lately; from now on it was."""
        name = hash(key)  # two that meet are let in early, no harm
        if name in self._young or name in self._old:
            return True
        if len(self._young) >= self._capacity:
            self._young, self._old = set(), self._young
        self._young.add(name)
        return False
