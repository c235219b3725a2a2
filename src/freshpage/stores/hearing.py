"""Hearing of invalidations: a pulse that costs no round trip, over a server of many machines.

Processes of one machine share a few bytes of memory (:mod:`freshpage.stores.pulse`), which
change with every invalidation that one of them makes, before it returns. Of other machines'
each process hears on a thread of its own. Who has not heard anything from the server for
a while, or has lost it, trusts nothing in his memory: it is asked for each page then.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.base import Held, Peek, Store, StoreError, StoreStats
from freshpage.stores.leases import Leases
from freshpage.stores.pulse import Pulse

PATIENT = 2.0  # seconds an invalidation waits for the others of its machine
BRIEF = 0.05  # seconds a request does
BEATS = 3  # times in the trusted time the server is heard of, whether there is news or not
PAUSE = 0.1  # seconds between tries to hear anything

logger = logging.getLogger("freshpage")

_distrusted = itertools.count(-1, -1)


class Announcing(Store, Protocol):
    """A store whose server announces invalidations."""

    def now(self) -> tuple[int, int]:
        """Epoch and number as the server has them."""

    def await_news(self, since: bytes, seconds: float) -> bytes:
        """Wait until there is news, or for so long.

        :param since: the last news there was; empty: whatever it is.
        :returns: the last news there is.
        """


class HearingStore:
    """A store on a server, with an instant pulse.

    :param path: of the bytes this machine's processes share.
    :param trust: seconds for which silence is taken for no news.
    :param clock: seconds that only grow.
    """

    blocking = True
    instant_pulse = True

    def __init__(
        self,
        below: Announcing,
        path: Path,
        trust: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.below = below
        self._path = path
        self._trust = trust
        self._clock = clock
        self._local: Pulse | None = None
        self._heard = 0
        self._until = 0.0  # trusted
        self._listener: _Listener | None = None
        self._lock = threading.Lock()
        self._process = os.getpid()

    # -- the pulse -----------------------------------------------------------------------

    def pulse(self) -> int:
        """What was heard, here and from the server; while that can't be told, a number that
        never comes again.
        """
        listener = self._listener
        if listener is None or listener.process != os.getpid() or not listener.is_alive():
            self._listen()
        local = self._local
        if local is None or self._clock() >= self._until:
            return next(_distrusted)
        pulse = local.read()
        return pulse if pulse < 0 else self._heard | pulse

    def _listen(self) -> None:
        with self._lock if self._process == os.getpid() else self._after_fork():
            listener = self._listener
            if listener is not None and listener.process == os.getpid() and listener.is_alive():
                return
            self._until = 0.0
            self._open()
            self._listener = _Listener(self)
            with suppress(RuntimeError):  # the interpreter is going down
                self._listener.start()

    def _after_fork(self) -> threading.Lock:
        self._lock, self._process = threading.Lock(), os.getpid()
        return self._lock

    def _open(self) -> Pulse | None:
        """The bytes this machine shares; None: there can be none, and nothing is trusted."""
        if self._local is None or self._local.replaced():
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._local = Pulse.open(self._path, BRIEF)
            except (OSError, StoreError) as fault:
                logger.warning("pages in memory are not trusted: %s", fault)
                self._local = None
        return self._local

    def hear(self) -> None:
        """Learn what the server has now; it is trusted from the moment it was asked."""
        asked = self._clock()
        epoch, number = self.below.now()
        self._heard = (epoch << 52 | number) << 64
        self._until = asked + self._trust if epoch else 0.0
        self._open()

    def lose(self) -> None:
        """The server does not answer."""
        self._until = 0.0

    # -- invalidating --------------------------------------------------------------------

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence, and have this machine's processes know of it.

        Should it fail, they trust nothing until the next one succeeds.
        """
        local = self._open()
        if local is None:
            return self.below.invalidate(tags, soft=soft)
        with local.change(PATIENT) as change:
            change.begin()
            number = self.below.invalidate(tags, soft=soft)
            change.finish(change.number + 1)
            return number

    # -- as the store below --------------------------------------------------------------

    def sequence(self) -> Sequence:
        """That of the server."""
        return self.below.sequence()

    def get(self, key: bytes) -> Held | None:
        """What the server holds."""
        return self.below.get(key)

    def peek(self, key: bytes) -> Peek:
        """As the store below."""
        return self.below.peek(key)

    def put(self, key: bytes, node: Node) -> bool:
        """Have the server keep a node."""
        return self.below.put(key, node)

    def delete(self, key: bytes) -> None:
        """Have the server forget a key."""
        self.below.delete(key)

    def standing(self, entry: Entry) -> Standing:
        """How an entry stands there."""
        return self.below.standing(entry)

    def note(self, item: bytes) -> None:
        """Add to the notes."""
        self.below.note(item)

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark."""
        return self.below.notes(since)

    def leases(self) -> Leases:
        """Those of the server."""
        return self.below.leases()

    def sweep(self, now: float) -> int:
        """As the store below."""
        return self.below.sweep(now)

    def stats(self) -> StoreStats:
        """What the server holds."""
        return self.below.stats()

    def close(self) -> None:
        """Hear no more, and release what is held."""
        listener, self._listener = self._listener, None
        self._until = 0.0
        if listener is not None:
            listener.over.set()
        self.below.close()


class _Listener(threading.Thread):
    """Hears what other machines invalidate."""

    def __init__(self, store: HearingStore) -> None:
        super().__init__(name="freshpage-hearing", daemon=True)
        self.process = os.getpid()
        self.over = threading.Event()
        self._store = store

    def run(self) -> None:
        store, since = self._store, b""
        while not self.over.is_set():
            try:
                since = store.below.await_news(since, store._trust / BEATS if since else 0.0)
                if not self.over.is_set():
                    store.hear()
            except Exception:  # whoever is asked for a page says so
                store.lose()
                since = b""
                self.over.wait(PAUSE)
