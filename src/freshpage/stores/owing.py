"""A store that remembers the invalidations it could not deliver.

While any is owed the store below may hold pages that are no longer right, so nothing is
read from it or written to it by this process until a thread has delivered them; no visitor
waits for that. What processes of this machine owed when they died is delivered likewise.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from freshpage.cacheability import EVERYTHING
from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.base import WAIT, Held, Peek, Store, StoreError, StoreStats
from freshpage.stores.forking import rest_while_forking
from freshpage.stores.leases import Leases

if TYPE_CHECKING:
    from freshpage.stores.ledger import Debts, Ledger

AGAIN = 0.25  # seconds until an invalidation that failed is tried again
LOOK = 0.1  # seconds between two looks for what the dead owed

Tables = Callable[[Collection[str]], Collection[str]]


class _Payer(threading.local):
    """Whether this thread delivers: to work out what is owed it asks the stores."""

    now = False


_payer = _Payer()


class OwingStore:
    """``below``, with a memory for undelivered invalidations.

    :param ledger: where they are written down; None: no process of this machine but this
        one has to do with the store.
    :param tags_of: the tags of whatever may have changed in some tables.
    :param clock: seconds that only grow.
    """

    def __init__(
        self,
        below: Store,
        ledger: Ledger | None = None,
        tags_of: Tables = lambda _: (EVERYTHING,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.below = below
        self.blocking = below.blocking
        self.instant_pulse = below.instant_pulse
        self._owed: set[str] = set()
        self._inherits = False  # a dead process left something
        self._lock = threading.Lock()
        self._ledger = ledger
        self._tags_of = tags_of
        self._clock = clock
        self._look_at = -math.inf if ledger is not None else math.inf
        self._thread: threading.Thread | None = None
        rest_while_forking(self)

    def before_fork(self) -> None:
        """Nobody is to be in the middle of writing something down."""
        self._lock.acquire()
        if self._ledger is not None:
            self._ledger.before_fork()

    def after_fork(self) -> None:
        """Go on; a child's own thread is started when it is needed."""
        if self._ledger is not None:
            self._ledger.after_fork()
        self._lock.release()

    # -- owing ---------------------------------------------------------------------------

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """As the store below; what fails is tried again before anything else is asked.

        A soft invalidation that had to wait becomes a hard one.
        """
        try:
            if self._owed:  # it has not been answering: others are not to wait for it too
                raise StoreError("invalidations wait for the store")
            return self.below.invalidate(tags, soft=soft)
        except Exception:
            self._owe(tags)
            raise

    def _owe(self, tags: Collection[str]) -> None:
        with self._lock:
            self._owed.update(tags)
            if self._ledger is not None:
                self._ledger.owe(self._owed)
        self._have_paid()

    def _have_paid(self) -> None:
        """See that a thread delivers."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._pay, name="freshpage-owing", daemon=True)
                with suppress(RuntimeError):  # the interpreter is going down
                    thread.start()
                    self._thread = thread

    def _pay(self) -> None:
        """Try until everything is delivered."""
        _payer.now = True
        while True:
            try:
                self._deliver()
            except Exception:  # whoever owes it has said so
                time.sleep(AGAIN)
            with self._lock:
                if not self._owed and not self._inherits:
                    self._thread = None  # whoever owes something from here on starts another
                    return

    def _deliver(self) -> None:
        if self._owed:
            with self._lock:
                owed = frozenset(self._owed)
            self.below.invalidate(owed)
            with self._lock:
                self._owed -= owed
                if self._ledger is not None:
                    self._ledger.owe(self._owed)
        if self._inherits and self._ledger is not None:
            self._ledger.settle(self._inherit)
            self._inherits = False

    def _inherit(self, debts: Debts) -> None:
        tags = set(debts.owed)
        if debts.all:
            tags.add(EVERYTHING)
        if debts.meant:
            tags.update(self._tags_of(debts.meant))
        self.below.invalidate(tags)

    def _waits(self) -> bool:
        """Whether the store is not to be asked, for something is not delivered yet."""
        if _payer.now:
            return False
        now = self._clock()
        if self._ledger is not None and now >= self._look_at:
            self._look_at = now + LOOK
            self._inherits = self._inherits or self._ledger.is_left()
        if not self._owed and not self._inherits:
            return False
        if self._thread is None or not self._thread.is_alive():
            self._have_paid()  # a fork has left it behind, or the dead's are news
        return True

    def _require_delivered(self) -> None:
        if self._waits():
            raise StoreError("invalidations wait for the store")

    def mean(self, tables: Collection[str]) -> int:
        """Some tables are about to change; a number for :meth:`done`, when they have, and
        what that ends was invalidated.
        """
        return 0 if self._ledger is None else self._ledger.mean(tables)

    def done(self, number: int) -> None:
        """What was meant has happened, or will not."""
        if self._ledger is not None:
            self._ledger.done(number)

    # -- as the store below --------------------------------------------------------------

    def pulse(self) -> int:
        if self._owed or self._inherits or self._clock() >= self._look_at:
            self._require_delivered()
        return self.below.pulse()

    def sequence(self) -> Sequence:
        self._require_delivered()
        return self.below.sequence()

    def get(self, key: bytes) -> Held | None:
        self._require_delivered()
        return self.below.get(key)

    def peek(self, key: bytes) -> Peek:
        return WAIT if self._waits() else self.below.peek(key)

    def put(self, key: bytes, node: Node) -> bool:
        self._require_delivered()
        return self.below.put(key, node)

    def delete(self, key: bytes) -> None:
        self.below.delete(key)

    def standing(self, entry: Entry) -> Standing:
        self._require_delivered()
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
        if self._ledger is not None:
            self._ledger.close()
        self.below.close()
