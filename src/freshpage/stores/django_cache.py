"""The store in one of Django's caches (an alias of CACHES).

Django's caches can count and add atomically, but change nothing else as one. So invalidations
take turns (a lock is a key that only one can add); and a tag without a record, which such a
cache may drop at any time, is taken as invalidated just now. What a cache drops costs renders,
never freshness. What it can't do: LocMemCache is one process's own; DummyCache and
FileBasedCache can't count or add for many processes and are refused. Entries are authenticated
bytes, but most backends wrap them in pickle: do not share such a cache with strangers.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, NamedTuple

from django.core.cache import caches
from django.core.cache.backends.base import InvalidCacheBackendError
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache

from freshpage.entry import BadEntry, Codec, Entry, Node
from freshpage.key import digest
from freshpage.sequence import Sequence, Standing, TagSequence
from freshpage.sequence import standing as judge
from freshpage.stores.base import (
    WAIT,
    Held,
    Peek,
    StoreError,
    StoreStats,
    random_epoch,
    random_number,
)
from freshpage.stores.leases import Leases, NoLeases
from freshpage.tags import split, tag_digest

TURN = 5.0  # seconds after which the lock of a process that died is free
BRIEF = 0.05  # seconds a request waits for its turn
PATIENT = 2.0  # seconds an invalidation does
BLOCK = 64  # notes kept under one name
RECORD_LIFE = 30 * 24 * 3600  # seconds a tag's record is kept
_NAP = 0.005  # seconds between tries


class _Life(NamedTuple):
    epoch: int
    number: int


class DjangoCacheStore:
    """Nodes and tag sequences in a Django cache.

    :param alias: of CACHES.
    :param key_prefix: sets apart sites that share the cache.
    :param clock: seconds since 1970.
    :raises StoreError: for an alias that is not there, or can't keep a store.
    """

    blocking = True
    instant_pulse = False

    def __init__(
        self,
        alias: str,
        codec: Codec,
        *,
        key_prefix: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._alias = alias
        self._codec = codec
        self._clock = clock
        site = blake2b(key_prefix.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        self._prefix = f"freshpage:{site}:"
        self._epoch_name = f"{self._prefix}epoch"
        self._turn_name = f"{self._prefix}turn"
        self._epoch = 0  # as last seen: saves a round trip while it stays
        try:
            cache = self._cache
        except InvalidCacheBackendError as error:
            known = ", ".join(f"django:{name}" for name in caches.settings)
            raise StoreError(f"CACHES has no {alias!r}; it has {known}") from error
        if isinstance(cache, DummyCache | FileBasedCache):
            raise StoreError(f"CACHES[{alias!r}]: {type(cache).__name__} can't keep a store")

    @property
    def _cache(self) -> Any:
        return caches[self._alias]  # one a thread

    def pulse(self) -> int:
        """Epoch and sequence in one number, at the price of a round trip."""
        life = self._life()
        return -1 if life is None else life.epoch << 64 | life.number

    def sequence(self) -> Sequence:
        """The sequence now; begun where the cache has none (any more)."""
        life = self._life()
        if life is None:
            with self._turn(BRIEF):
                life = self._life() or self._begin()
        return Sequence(*life)

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``, with its standing, in two round trips."""
        data = self._cache.get(self._entry(key))
        if not isinstance(data, bytes):
            return None
        try:
            node = self._codec.unpack(key, data)
        except BadEntry:
            return None
        return Held(node, self.standing(node) if isinstance(node, Entry) else Standing.VALID)

    def peek(self, key: bytes) -> Peek:
        """A cache is never asked without waiting."""
        return WAIT

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node; tags without a record get one."""
        data = self._codec.pack(key, node)
        if isinstance(node, Entry):
            self._add_records(node)
            if self.standing(node) is Standing.INVALID:
                return False
        timeout = node.expires - self._clock()
        if timeout <= 0:
            return False
        self._cache.set(self._entry(key), data, timeout)
        return True

    def delete(self, key: bytes) -> None:
        """Forget one key."""
        self._cache.delete(self._entry(key))

    def standing(self, entry: Entry) -> Standing:
        """How an entry's S0 and tags stand now; INVALID where a tag has no record."""
        epoch = entry.sequence.epoch
        names = [self._record_name(epoch, tag) for tag in split(entry.tags)]
        found = self._cache.get_many([self._epoch_name, *names])
        if found.get(self._epoch_name) != epoch:
            return Standing.INVALID
        records = [_record(found.get(name)) for name in names]
        known = [record for record in records if record is not None]
        if len(known) < len(records):
            return Standing.INVALID
        return judge(entry.sequence, epoch=epoch, floor=0, tags=known)

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence, when it is this process's turn."""
        try:
            with self._turn(PATIENT):
                life = self._life() or self._begin()
                number: int = self._cache.incr(self._number_name(life.epoch))
                names = [self._record_name(life.epoch, tag_digest(tag)) for tag in tags]
                former = self._cache.get_many(names) if soft else {}
                records = {}
                for name in names:
                    # hard, where it is not known whether an earlier one was
                    hard = (_record(former.get(name)) or TagSequence(number, number)).hard
                    records[name] = b"%d %d" % (hard, number)
                if self._cache.set_many(records, timeout=RECORD_LIFE):
                    raise StoreError(f"CACHES[{self._alias!r}] did not keep a tag's record")
                return number
        except (StoreError, ValueError):
            # the lock is not to be had, or a key was dropped: everything is invalid
            return self._begin().number

    def note(self, item: bytes) -> None:
        """Add to the notes, when it is this process's turn."""
        with self._turn(PATIENT):
            life = self._life() or self._begin()
            name = self._notes_name(life.epoch)
            count = self._cache.get(name)
            if not isinstance(count, int):  # it was dropped: everything is invalid
                name, count = self._notes_name(self._begin().epoch), 0
            block, place = divmod(count, BLOCK)
            before = self._cache.get(f"{name}:{block}", []) if place else []
            self._cache.set(f"{name}:{block}", [*before, item], timeout=None)
            self._cache.set(name, count + 1, timeout=None)  # last: whoever sees it sees the item

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark; where the cache has dropped one, everything is invalid."""
        life = self._life() or self._begin()
        name = self._notes_name(life.epoch)
        count = self._cache.get(name)
        if isinstance(count, int):
            first, last = since // BLOCK, -(-count // BLOCK)
            names = [f"{name}:{block}" for block in range(first, last)]
            found = self._cache.get_many(names)
            noted = [item for one in names for item in found.get(one, [])]
            begin, end = since - first * BLOCK, count - first * BLOCK
            if len(noted) >= end:  # there may be one that is not counted yet
                return count, noted[begin:end]
        self._begin()
        return 0, []

    def leases(self) -> Leases:
        """None: a cache of Django has no locks."""
        return NoLeases()

    def sweep(self, now: float) -> int:
        """Nothing to do: the cache has its own ways."""
        return 0

    def stats(self) -> StoreStats:
        """Unknown: a cache does not count."""
        return StoreStats(None, None)

    def close(self) -> None:
        """Django closes its caches at the end of each request."""

    # -- the life of the sequence: its number is kept by its epoch, so that no two mix --

    def _life(self) -> _Life | None:
        epoch = self._epoch
        found = self._cache.get_many([self._epoch_name, self._number_name(epoch)])
        number = found.get(self._number_name(epoch))
        if found.get(self._epoch_name) != epoch:
            epoch = found.get(self._epoch_name)
            number = self._cache.get(self._number_name(epoch)) if epoch else None
        if not isinstance(epoch, int) or not isinstance(number, int):
            return None
        self._epoch = epoch
        return _Life(epoch, number)

    def _begin(self) -> _Life:
        life = _Life(random_epoch(), random_number())
        self._cache.set(self._number_name(life.epoch), life.number, timeout=None)
        self._cache.set(self._notes_name(life.epoch), 0, timeout=None)
        self._cache.set(self._epoch_name, life.epoch, timeout=None)
        return life

    @contextmanager
    def _turn(self, patience: float) -> Iterator[None]:
        token = secrets.token_hex(8)
        deadline = time.monotonic() + patience
        while not self._cache.add(self._turn_name, token, TURN):
            if time.monotonic() > deadline:
                raise StoreError(f"CACHES[{self._alias!r}]: another process holds the lock")
            time.sleep(_NAP)
        try:
            yield
        finally:
            in_time = self._cache.get(self._turn_name) == token
            if in_time:
                self._cache.delete(self._turn_name)
        if not in_time:
            raise StoreError(f"CACHES[{self._alias!r}]: an invalidation took too long")

    # -- records --------------------------------------------------------------------

    def _add_records(self, entry: Entry) -> None:
        """A tag that has none may have been invalidated up to now, as far as is known."""
        life = self._life()
        if life is None or life.epoch != entry.sequence.epoch:
            return
        names = [self._record_name(life.epoch, tag) for tag in split(entry.tags)]
        found = self._cache.get_many(names)
        record = b"%d %d" % (life.number, life.number)
        added = [
            name
            for name in names
            if name not in found and self._cache.add(name, record, RECORD_LIFE)
        ]
        if added and self._life() != life:
            self._cache.delete_many(added)  # "now" is over: who knows what was dropped since

    def _entry(self, key: bytes) -> str:
        return f"{self._prefix}e:{digest(key).hex()}"

    def _number_name(self, epoch: int) -> str:
        return f"{self._prefix}{epoch:x}:number"

    def _notes_name(self, epoch: int) -> str:
        return f"{self._prefix}{epoch:x}:notes"

    def _record_name(self, epoch: int, tag: bytes) -> str:
        return f"{self._prefix}{epoch:x}:{tag.hex()}"


def _record(stored: object) -> TagSequence | None:
    if not isinstance(stored, bytes):
        return None
    try:
        hard, soft = stored.split(b" ")
        return TagSequence(int(hard), int(soft))
    except ValueError:
        return None
