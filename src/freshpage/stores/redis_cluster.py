"""The store in a cluster: entries on all its nodes, the sequences of the tags on one of them.

A script may use keys of one slot only. So an entry is read first, and how its tags stand is
asked then: whatever was invalidated before the question is in the answer. An entry that a
node loses, or that comes back when a replica takes over, is judged like any other.
"""

from __future__ import annotations

from typing import Any

from freshpage.entry import BadEntry, Entry, Node
from freshpage.key import digest
from freshpage.sequence import Standing
from freshpage.stores.base import Held
from freshpage.stores.leases import Leases
from freshpage.stores.redis import RedisStore
from freshpage.stores.redis_clients import cluster_client
from freshpage.stores.redis_leases import RedisLeases


class ClusterStore(RedisStore):
    """Nodes all over a cluster, tag sequences in one slot of it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._connect = cluster_client
        # without a hash tag: each key has a slot of its own
        self._scattered = self._prefix.translate(None, b"{}")

    def _read_url(self) -> None:
        """A client of a cluster connects when it is made."""

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``, with its standing, in two round trips."""
        with self._telling():
            data = self._client().get(self._entry(key))
        if data is None:
            return None
        try:
            node = self._codec.unpack(key, data)
        except BadEntry:
            return None
        standing = self.standing(node) if isinstance(node, Entry) else Standing.VALID
        return Held(node, standing)

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node until it expires by its node's clock."""
        if isinstance(node, Entry) and self.standing(node) is Standing.INVALID:
            return False
        data = self._codec.pack(key, node)
        with self._telling():
            self._client().set(self._entry(key), data, pxat=int(node.expires * 1000))
        return True

    def leases(self) -> Leases:
        """Those of all machines."""
        return RedisLeases(self._client, self._scattered)

    def _entry(self, key: bytes) -> bytes:
        return self._scattered + digest(key).hex().encode()
