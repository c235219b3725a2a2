"""Memory over a shared store: a hit costs a look-up and one comparison of pulses.

A node in memory remembers the pulse at which the store below last judged it. While the pulse
is the same, nothing was invalidated; else the store is asked again. The pulse is always read
*before* the question, so an invalidation in between only makes the answer distrusted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from freshpage.entry import Axes, Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.base import WAIT, Held, Peek, Store, StoreStats
from freshpage.stores.leases import Leases
from freshpage.stores.sieve import Seen, Sieve

AXES_LIFE = 60.0  # seconds until another process's questions are heard of
AXES_BYTES = 2**20  # that they may take where entries are not to be in memory


class TieredStore:
    """A store with this process's memory before it.

    :param lower: the shared store.
    :param budget: bytes that nodes in memory may take.
    :param admission: take an entry into memory only from its second request on.
    :param only_axes: take in no entry.
    :param clock: seconds since 1970. What is no longer fresh by it is asked for below:
        another process may have stored something newer.
    """

    def __init__(
        self,
        lower: Store,
        budget: int,
        *,
        admission: bool = False,
        only_axes: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lower = lower
        self.blocking = lower.blocking
        self.instant_pulse = lower.instant_pulse
        self._sieve = Sieve(budget, admission=admission)
        self._only_axes = only_axes
        self._clock = clock
        self.pulse = lower.pulse  # type: ignore[method-assign] # one call less for each hit

    def pulse(self) -> int:
        """The pulse of the store below."""
        return self.lower.pulse()

    def sequence(self) -> Sequence:
        """The sequence of the store below."""
        return self.lower.sequence()

    def get(self, key: bytes) -> Held | None:
        """What memory holds, where it is fresh and not invalidated; else what is below."""
        pulse: int | None = None
        slot = self._sieve.find(key)
        if slot is not None and self._clock() < slot.seen.until:
            seen = slot.seen
            if isinstance(seen.node, Axes):  # nothing invalidates them
                slot.visited = True
                return Held(seen.node, Standing.VALID)
            pulse = self.lower.pulse()
            if seen.pulse != pulse and self.lower.standing(seen.node) is Standing.VALID:
                seen = slot.seen = Seen(seen.node, Standing.VALID, pulse, seen.until)
            if seen.pulse == pulse:
                slot.visited = True
                return Held(seen.node, Standing.VALID)
        elif self.instant_pulse:  # one that takes a round trip waits for something to judge
            pulse = self.lower.pulse()
        below = self.lower.get(key)
        if below is not None and below.standing is Standing.VALID:
            self._remember(key, below, pulse)
        else:
            self._sieve.delete(key)
        return below

    def peek(self, key: bytes) -> Peek:
        """What memory holds, where that is known to be fresh and valid; else WAIT."""
        slot = self._sieve.find(key)
        if slot is None or self._clock() >= slot.seen.until:
            return WAIT
        seen = slot.seen
        if isinstance(seen.node, Entry) and not self._is_instant(seen.pulse):
            return WAIT
        slot.visited = True
        return Held(seen.node, Standing.VALID)

    def put(self, key: bytes, node: Node) -> bool:
        """Store below, and in memory what was stored."""
        kept = self.lower.put(key, node)
        if kept:
            self._remember(key, Held(node, Standing.VALID), None)
        else:
            self._sieve.delete(key)
        return kept

    def delete(self, key: bytes) -> None:
        """Forget one key, here and below."""
        self._sieve.delete(key)
        self.lower.delete(key)

    def standing(self, entry: Entry) -> Standing:
        """How an entry stands below."""
        return self.lower.standing(entry)

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence below; the pulse tells every memory."""
        return self.lower.invalidate(tags, soft=soft)

    def note(self, item: bytes) -> None:
        """Add to the notes below."""
        self.lower.note(item)

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes below."""
        return self.lower.notes(since)

    def leases(self) -> Leases:
        """Those of the store below."""
        return self.lower.leases()

    def sweep(self, now: float) -> int:
        """Drop what expired; the number dropped below."""
        self._sieve.sweep(now)
        return self.lower.sweep(now)

    def stats(self) -> StoreStats:
        """What is held below."""
        return self.lower.stats()

    def close(self) -> None:
        """Empty the memory and close the store below."""
        self._sieve.clear()
        self.lower.close()

    def _is_instant(self, pulse: int | None) -> bool:
        """Whether it is known without I/O that nothing was invalidated since."""
        return self.instant_pulse and pulse == self.lower.pulse()

    def _remember(self, key: bytes, held: Held, pulse: int | None) -> None:
        node = held.node
        if self._only_axes and isinstance(node, Entry):
            self._sieve.delete(key)
            return
        until = node.fresh_until if isinstance(node, Entry) else self._clock() + AXES_LIFE
        self._sieve.put(key, Seen(node, held.standing, pulse, until))
