"""The store in Redis or Valkey, shared by all machines of a site.

An entry is a hash of its bytes and its tags' digests, so that one script finds and judges it
in one round trip. Epoch, sequence, floor and every tag's sequence live in *one* sorted set:
where the server evicts it they are lost together, and everything is invalid.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from redis.exceptions import RedisClusterException, RedisError, ResponseError

from freshpage.entry import BadEntry, Codec, Entry, Node
from freshpage.key import digest
from freshpage.sequence import Sequence, Standing, TagSequence
from freshpage.sequence import standing as judge
from freshpage.stores.base import (
    TAG_RECORDS,
    WAIT,
    Held,
    Peek,
    StoreError,
    StoreStats,
    random_epoch,
    random_number,
)
from freshpage.stores.forking import rest_while_forking
from freshpage.stores.leases import Leases
from freshpage.stores.redis_clients import sentinel_client, single_client
from freshpage.stores.redis_leases import RedisLeases
from freshpage.stores.redis_scripts import (
    INVALIDATE,
    JUDGE,
    NOTE,
    NOTES,
    NOW,
    PUT,
    SEQUENCE,
    STANDING,
    Script,
)
from freshpage.tags import tag_digest

TIMES = (0.1, 0.05)  # seconds a request waits for a connection, and for an answer
PATIENT = 2.0  # seconds an invalidation waits for either

_left_alone: list[object] = []


class RedisStore:
    """Nodes and tag sequences on a server.

    :param url: redis:// or rediss://; with ``sentinel`` it names several, and a service.
    :param sentinel: the servers are sentinels, which know who is the service's master.
    :param key_prefix: sets apart sites that share the server.
    :param tag_records: invalidated tags to remember before the floor rises.
    :param times: seconds a request waits for a connection, and for an answer.
    :raises ValueError: for a URL that redis-py refuses.
    """

    blocking = True
    instant_pulse = False

    def __init__(
        self,
        url: str,
        codec: Codec,
        *,
        sentinel: bool = False,
        key_prefix: str = "",
        tag_records: int = TAG_RECORDS,
        times: tuple[float, float] = TIMES,
    ) -> None:
        self._codec = codec
        self._times = times
        self._tag_records = tag_records
        self._name = url.rpartition("@")[2].partition("?")[0]  # without the password
        # one hash tag: a script may use keys of one slot of a cluster only
        self._prefix = f"{{freshpage:{quote(key_prefix, safe='')}}}:".encode()
        self._tags = self._prefix + b"tags"
        self._notes = self._prefix + b"notes"
        self._news = self._prefix + b"news"
        self._url = url
        self._connect: Callable[[str, float, float], Any] = (
            sentinel_client if sentinel else single_client
        )
        self._clients: dict[bool | None, Any] = {}
        self._latest = Sequence(0, 0)  # that the server told us of
        self._pid = os.getpid()
        rest_while_forking(self)
        self._read_url()

    def _read_url(self) -> None:
        self._client()  # opens no connection

    def before_fork(self) -> None:
        """A client brings nothing to rest."""

    def after_fork(self) -> None:
        """A child leaves its parent's clients alone: their locks may be held for ever."""
        if os.getpid() != self._pid:
            self._pid = os.getpid()
            _left_alone.append(self._clients)
            self._clients = {}

    def pulse(self) -> int:
        """Epoch and sequence in one number: exact, at the price of a round trip.

        See :mod:`freshpage.stores.hearing` for one that takes none.
        """
        epoch, number = self.now()
        return epoch << 64 | number if epoch else -1

    def now(self) -> tuple[int, int]:
        """Epoch and number as the server has them; zeros where it has none."""
        before = self._latest
        now = Sequence(*self._run(NOW, (), ()))
        return self._heard(now, before) if now.epoch else now

    def await_news(self, since: bytes, seconds: float) -> bytes:
        """Wait until something was invalidated, or for so long.

        :param since: the last news there was; empty: whatever it is.
        """
        with self._telling():
            if not since:
                last = self._client().xrevrange(self._news, count=1)
                return bytes(last[0][0]) if last else b"0-0"
            client = self._listening_client(seconds)
            found = client.xread({self._news: since}, block=max(1, int(seconds * 1000)))
        return bytes(found[0][1][-1][0]) if found else since

    def sequence(self) -> Sequence:
        """The sequence now; begun where the server has none (any more)."""
        before = self._latest
        now = self._run(SEQUENCE, (), (random_epoch(), random_number()))
        return self._heard(Sequence(*now), before)

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``, with its standing, in one round trip."""
        name = self._entry(key)
        with self._telling():
            command, keys = ("HGET", name, "data"), (self._tags, name)
            data, judged = JUDGE.run_after(command, self._client(), keys)
        if data is None or judged is None:
            return None
        try:
            node = self._codec.unpack(key, data)
        except BadEntry:
            return None
        if not isinstance(node, Entry):
            return Held(node, Standing.VALID)
        tags, *now = judged
        if tags != node.tags:
            return None  # another one was put meanwhile, or they are not its own
        return Held(node, _judged(node, *now))

    def peek(self, key: bytes) -> Peek:
        """A server is never asked without waiting."""
        return WAIT

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node until it expires by the server's clock."""
        args: list[object] = [self._codec.pack(key, node), int(node.expires * 1000), b""]
        if isinstance(node, Entry):
            args[2] = node.tags
            args += node.sequence
        return bool(self._run(PUT, (self._entry(key),), args))

    def delete(self, key: bytes) -> None:
        """Forget one key."""
        with self._telling():
            self._client().unlink(self._entry(key))

    def standing(self, entry: Entry) -> Standing:
        """How an entry's S0 and tags stand now."""
        return _judged(entry, *self._run(STANDING, (), (entry.tags,)))

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence; where there is no room for it, start over."""
        before = self._latest
        kind = b"s" if soft else b"h"
        digests = list(map(tag_digest, tags))
        args = [random_epoch(), random_number(), kind, self._tag_records, *digests]
        with self._telling():
            client = self._client(patient=True)
            try:
                now = INVALIDATE.run(client, [self._tags, self._news], args)
            except ResponseError:
                # out of memory, say: rather everything invalid than something stale
                client.unlink(self._tags)
                return 0
        return self._heard(Sequence(*now), before, grown=1).number

    def note(self, item: bytes) -> None:
        """Add to the notes; where some were lost, start over."""
        self._run(NOTE, (self._notes,), (random_epoch(), random_number(), item))

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark; where some were lost, start over."""
        args = (random_epoch(), random_number(), since)
        with self._telling():
            client = self._client(patient=True)  # an invalidation waits for them
            found = NOTES.run(client, [self._tags, self._notes], args)
        return since + len(found), found

    def leases(self) -> Leases:
        """Those of all machines."""
        return RedisLeases(self._client, self._prefix)

    def sweep(self, now: float) -> int:
        """Nothing to do: the server drops what expired, and keeps to its own budget."""
        return 0

    def stats(self) -> StoreStats:
        """Unknown: a server does not count by prefix."""
        return StoreStats(None, None)

    def close(self) -> None:
        """Close the connections."""
        while self._clients:
            self._clients.popitem()[1].close()

    def _client(self, *, patient: bool = False) -> Any:
        client = self._clients.get(patient)
        if client is None:
            times = (PATIENT, PATIENT) if patient else self._times
            client = self._clients[patient] = self._connect(self._url, *times)
        return client

    def _listening_client(self, seconds: float) -> Any:
        """One that waits for an answer as long as the server was asked to."""
        client = self._clients.get(None)
        if client is None:
            times = (self._times[0], seconds + self._times[0])
            client = self._clients[None] = self._connect(self._url, *times)
        return client

    def _run(self, script: Script, keys: tuple[bytes, ...], args: Collection[object]) -> Any:
        with self._telling():
            return script.run(self._client(), [self._tags, *keys], args)

    def _heard(self, now: Sequence, before: Sequence, grown: int = 0) -> Sequence:
        """Take note of the server's sequence.

        A server behind what it said before, in the same epoch, has lost invalidations: its
        keys were restored from a copy, or it is one that tells no replication id.

        :param before: the latest one known when the server was asked.
        :param grown: by how much it has grown since at least.
        :raises StoreError: when it has; it is made to start over.
        """
        if now.epoch == before.epoch and now.number < before.number + grown:
            with self._telling():
                self._client().unlink(self._tags)
            raise StoreError(f"{self._name} has lost invalidations: everything is invalid")
        if now.epoch != self._latest.epoch or now.number > self._latest.number:
            self._latest = now
        return now

    def _entry(self, key: bytes) -> bytes:
        return self._prefix + digest(key).hex().encode()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say in one line which server could not do what."""
        try:
            yield
        except (RedisError, RedisClusterException) as error:
            raise StoreError(f"{self._name}: {error}") from error


def _judged(entry: Entry, epoch: int, floor: int, hard: int, soft: int) -> Standing:
    tags = (TagSequence(hard, soft),)
    return judge(entry.sequence, epoch=epoch, floor=floor, tags=tags)
