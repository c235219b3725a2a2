"""The store in one process's memory: for tests, and sites served by a single process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection

from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing, TagSequence
from freshpage.sequence import standing as judge
from freshpage.stores.base import (
    TAG_RECORDS,
    Held,
    Peek,
    StoreStats,
    random_epoch,
    random_number,
)
from freshpage.stores.forking import rest_while_forking
from freshpage.stores.leases import Leases, NoLeases
from freshpage.stores.sieve import Seen, Sieve
from freshpage.tags import tag_number, tag_numbers

FOREVER = float("inf")  # there is no lower tier that knows better
_NEVER = TagSequence(0, 0)


class MemoryStore:
    """Nodes and tag sequences in dicts.

    Another process does not see its invalidations; a forked child goes on with its own copy.

    :param budget: bytes that all nodes together may take.
    :param admission: take in an entry only the second time it is put.
    :param tag_records: invalidated tags to remember before the floor rises.
    """

    blocking = False
    instant_pulse = True

    def __init__(
        self, budget: int, *, admission: bool = False, tag_records: int = TAG_RECORDS
    ) -> None:
        self._sieve = Sieve(budget, admission=admission)
        self._tag_records = tag_records
        self._lock = threading.Lock()
        self.before_fork = self._lock.acquire
        self.after_fork = self._lock.release
        rest_while_forking(self)
        self.start_over()

    def start_over(self) -> None:
        """Another epoch: everything stored so far is invalid."""
        self._tags: OrderedDict[int, TagSequence] = OrderedDict()  # in order of invalidation
        self._notes: list[bytes] = []
        self._epoch = random_epoch()
        self._number = self._floor = random_number()

    def pulse(self) -> int:
        """The sequence itself."""
        return self._number

    def sequence(self) -> Sequence:
        """The sequence now."""
        return Sequence(self._epoch, self._number)

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``, judged anew if there was an invalidation since."""
        slot = self._sieve.find(key)
        if slot is None:
            return None
        seen = slot.seen
        held = Held(seen.node, seen.standing)
        if seen.pulse != self._number:
            pulse = self._number  # before the tags are looked at
            if isinstance(held.node, Entry):
                held = Held(held.node, self.standing(held.node))
            if held.standing is Standing.INVALID:
                self._sieve.delete(key)
                return held
            slot.seen = Seen(*held, pulse, FOREVER)
        slot.visited = True
        return held

    def peek(self, key: bytes) -> Peek:
        """The same: no I/O is needed."""
        return self.get(key)

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node; an entry that is invalid already is refused."""
        if isinstance(node, Entry) and self.standing(node) is Standing.INVALID:
            return False
        return self._sieve.put(key, Seen(node, Standing.VALID, None, FOREVER))

    def delete(self, key: bytes) -> None:
        """Forget one key."""
        self._sieve.delete(key)

    def standing(self, entry: Entry) -> Standing:
        """How an entry's S0 and tags stand now.

        Takes no lock: the floor is looked at after the tags, and raised before one is
        forgotten.
        """
        known = self._tags
        tags = [known.get(tag, _NEVER) for tag in tag_numbers(entry.tags)]
        return judge(entry.sequence, epoch=self._epoch, floor=self._floor, tags=tags)

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence."""
        with self._lock:
            number = self._number + 1
            for tag in map(tag_number, tags):
                hard = self._tags.get(tag, _NEVER).hard if soft else number
                self._tags[tag] = TagSequence(hard, number)
                self._tags.move_to_end(tag)
            while len(self._tags) > self._tag_records:
                tag, oldest = next(iter(self._tags.items()))
                self._floor = max(oldest)
                del self._tags[tag]
            self._number = number  # last: who sees it sees the tags
            return number

    def note(self, item: bytes) -> None:
        """Add to the notes."""
        self._notes.append(item)

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark."""
        found = self._notes[since:]
        return since + len(found), found

    def leases(self) -> Leases:
        """None: no other process shares it."""
        return NoLeases()

    def sweep(self, now: float) -> int:
        """Drop what expired before ``now``."""
        return self._sieve.sweep(now)

    def stats(self) -> StoreStats:
        """What is held."""
        return StoreStats(len(self._sieve), self._sieve.bytes)

    def close(self) -> None:
        """Nothing to release."""
