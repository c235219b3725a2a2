"""A circuit breaker: a store that does not answer is left alone, and tried now and then.

Without one each request would wait out its time on a dead server. Closed, everything is let
through; after some failures in a row it opens, and nothing is; after a pause one call is let
through to see, and its success closes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.base import WAIT, Held, Peek, Store, StoreError, StoreStats
from freshpage.stores.forking import rest_while_forking
from freshpage.stores.leases import Leases

FAILURES = 3  # in a row, after which it opens
PAUSES = (0.25, 2.0)  # seconds until it is tried again, doubled each time

T = TypeVar("T")


class Breaker:
    """The breaker alone.

    :param clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = PAUSES[0]
        self._retry = 0.0  # when it is open: from when on one may try

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._failures >= FAILURES

    def allows(self) -> bool:
        """Whether a call may be made; open, one in a while."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            now = self._clock()
            if now < self._retry:
                return False
            self._retry = now + self._pause  # for the others; this one tries
            return True

    def succeeded(self) -> None:
        """A call was answered."""
        if self._failures:
            with self._lock:
                self._failures, self._pause = 0, PAUSES[0]

    def failed(self) -> None:
        """A call was not answered."""
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES:
                self._retry = self._clock() + self._pause
            elif self._failures > FAILURES:
                self._pause = min(self._pause * 2, PAUSES[1])
                self._retry = self._clock() + self._pause

    def before_fork(self) -> None:
        """Nobody is to hold the lock: the child would have it held for ever."""
        self._lock.acquire()

    def after_fork(self) -> None:
        """Go on."""
        self._lock.release()


class GuardedStore:
    """A store behind a breaker.

    Invalidations are always tried: they must not wait for somebody's turn.
    """

    def __init__(self, below: Store, breaker: Breaker | None = None) -> None:
        self.below = below
        self.blocking = below.blocking
        self.instant_pulse = below.instant_pulse
        self.breaker = breaker or Breaker()
        self._fault = ""
        rest_while_forking(self.breaker)

    def _try(self, act: Callable[..., T], *args: Any, **options: Any) -> T:
        try:
            answer = act(*args, **options)
        except Exception as fault:
            self._fault = str(fault)
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return answer

    def _guarded(self, act: Callable[..., T], *args: Any) -> T:
        if not self.breaker.allows():
            raise StoreError(f"{self._fault} (and it is not asked again for a moment)")
        return self._try(act, *args)

    def pulse(self) -> int:
        """That of the store; one that takes no I/O is never held back."""
        return self.below.pulse() if self.instant_pulse else self._guarded(self.below.pulse)

    def sequence(self) -> Sequence:
        """That of the store."""
        return self._guarded(self.below.sequence)

    def get(self, key: bytes) -> Held | None:
        """What the store holds."""
        return self._guarded(self.below.get, key)

    def peek(self, key: bytes) -> Peek:
        """What the store holds in this process."""
        return WAIT if self.breaker.is_open else self.below.peek(key)

    def put(self, key: bytes, node: Node) -> bool:
        """Have the store keep a node."""
        return self._guarded(self.below.put, key, node)

    def delete(self, key: bytes) -> None:
        """Have the store forget a key."""
        self._guarded(self.below.delete, key)

    def standing(self, entry: Entry) -> Standing:
        """How an entry stands."""
        return self._guarded(self.below.standing, entry)

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence."""
        return self._try(self.below.invalidate, tags, soft=soft)

    def note(self, item: bytes) -> None:
        """Add to the notes."""
        self._guarded(self.below.note, item)

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes, for who invalidates."""
        return self._try(self.below.notes, since)

    def leases(self) -> Leases:
        """Those of the store."""
        return self.below.leases()

    def sweep(self, now: float) -> int:
        """Drop what expired."""
        return self.below.sweep(now)

    def stats(self) -> StoreStats:
        """What is held."""
        return self.below.stats()

    def close(self) -> None:
        """Release what is held."""
        self.below.close()
