"""A store that remembers the invalidations it could not deliver.

While any is owed the store below may hold pages that are no longer right, so nothing is
read from it or written to it by this process until they have been delivered. What processes
of this machine owed when they died is delivered by the others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from freshpage.cacheability import EVERYTHING
from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.base import WAIT, Held, Peek, Store, StoreError, StoreStats
from freshpage.stores.leases import Leases

if TYPE_CHECKING:
    from freshpage.stores.ledger import Debts, Ledger

AGAIN = 0.25  # seconds until an invalidation that failed is tried again
LOOK = 0.1  # seconds between two looks for what the dead owed

Tables = Callable[[Collection[str]], Collection[str]]


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
        self._lock = threading.Lock()
        self._ledger = ledger
        self._tags_of = tags_of
        self._clock = clock
        self._looked = -LOOK
        self._settling = threading.local()
        self._payer: threading.Thread | None = None

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
            if self._payer is None or not self._payer.is_alive():
                payer = threading.Thread(target=self._pay, name="freshpage-owing", daemon=True)
                with suppress(RuntimeError):  # the interpreter is going down
                    payer.start()
                    self._payer = payer

    def _pay(self) -> None:
        """Try until everything is delivered."""
        while self._owed:
            try:
                self._settle_own()
            except Exception:  # whoever owes it has said so
                time.sleep(AGAIN)

    def _settle_own(self) -> None:
        with self._lock:
            owed = frozenset(self._owed)
        try:
            self.below.invalidate(owed)
        except Exception as fault:
            raise StoreError(f"{len(owed)} invalidations wait for the store: {fault}") from fault
        with self._lock:
            self._owed -= owed
            if self._ledger is not None:
                self._ledger.owe(self._owed)

    def _settle(self) -> None:
        """Deliver what is owed, before the store is asked."""
        if self._owed:
            self._settle_own()
        if self._ledger is None or self._clock() - self._looked < LOOK:
            return
        if getattr(self._settling, "now", False):  # to work out what is owed asks the store
            return
        self._settling.now = True
        try:
            self._ledger.settle(self._inherit)
            self._looked = self._clock()
        finally:
            self._settling.now = False

    def _inherit(self, debts: Debts) -> None:
        tags = set(debts.owed)
        if debts.all:
            tags.add(EVERYTHING)
        if debts.meant:
            tags.update(self._tags_of(debts.meant))
        self.below.invalidate(tags)

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
        if self._owed:
            self._settle_own()
        return self.below.pulse()

    def sequence(self) -> Sequence:
        self._settle()
        return self.below.sequence()

    def get(self, key: bytes) -> Held | None:
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
        if self._ledger is not None:
            self._ledger.close()
        self.below.close()
