"""What a store keeps its things in, as tests see it: opened many times, looked into, damaged."""

from __future__ import annotations

import itertools
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.cache import caches
from redis import Redis

from freshpage.entry import Codec
from freshpage.key import digest
from freshpage.stores import Store
from freshpage.stores.django_cache import DjangoCacheStore
from freshpage.stores.hearing import HearingStore
from freshpage.stores.memory import MemoryStore
from freshpage.stores.redis import RedisStore
from freshpage.stores.redis_cluster import ClusterStore
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.tiered import TieredStore
from tests.stores.examples import CODEC, LIFE, NOW

MEMORY = 2**20
names = itertools.count()


class Backing:
    """
    :cvar shared: several stores opened over it see each other's entries.
    :cvar raw: stored bytes can be looked at and changed.
    :cvar quiet: its pulse changes at once, and only once, with an invalidation.
    :cvar budgeted: ``bytes=`` bounds what is kept.
    """

    shared = True
    raw = True
    budgeted = False
    quiet = True

    def __init__(self) -> None:
        self.opened: list[Store] = []

    def open(self, **options: Any) -> Store:
        store = self.make(**options)
        self.opened.append(store)
        return store

    def close(self) -> None:
        for store in self.opened:
            store.close()

    def make(self, codec: Codec = CODEC, **options: Any) -> Store:
        raise NotImplementedError

    def lose_counters(self) -> None:
        """What a server does that is short of memory, or somebody who deletes files."""
        raise NotImplementedError

    def load(self, key: bytes) -> bytes:
        raise NotImplementedError

    def save(self, key: bytes, data: bytes) -> None:
        raise NotImplementedError


class MemoryBacking(Backing):
    shared = False
    raw = False
    budgeted = True

    def make(self, codec: Codec = CODEC, key_prefix: str = "", **options: Any) -> Store:
        return MemoryStore(options.pop("bytes", MEMORY), **options)

    def lose_counters(self) -> None:
        for store in self.opened:
            assert isinstance(store, MemoryStore)
            store.start_over()


class SqliteBacking(Backing):
    budgeted = True

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.path = directory / f"pages-{next(names)}.sqlite3"

    def make(self, codec: Codec = CODEC, **options: Any) -> Store:
        return SqliteStore(self.path, codec, budget=options.pop("bytes", 2**24), **options)

    def lose_counters(self) -> None:
        # the whole of it would be noticed within a second; its pulse is what is looked at
        with sqlite3.connect(self.path) as db:
            db.execute("UPDATE meta SET epoch = epoch + 1")
        for store in self.opened:
            store.close()

    def load(self, key: bytes) -> bytes:
        with closing(sqlite3.connect(self.path)) as db:
            query = "SELECT data FROM entries WHERE key = ?"
            data: bytes = db.execute(query, (digest(key),)).fetchone()[0]
            return data

    def save(self, key: bytes, data: bytes) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            values = (digest(key), NOW + LIFE, data)
            db.execute(
                "INSERT OR REPLACE INTO entries (key, expires, data) VALUES (?, ?, ?)", values
            )


class RedisBacking(Backing):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.site = f"site {next(names)}"
        self.client = Redis.from_url(url)

    def make(self, codec: Codec = CODEC, key_prefix: str | None = None, **options: Any) -> Store:
        prefix = self.site if key_prefix is None else self.site + key_prefix
        return RedisStore(self.url, codec, key_prefix=prefix, **options)

    def lose_counters(self) -> None:
        self.client.delete(f"{{freshpage:{self.site.replace(' ', '%20')}}}:tags")

    def _name(self, key: bytes) -> str:
        return f"{{freshpage:{self.site.replace(' ', '%20')}}}:{digest(key).hex()}"

    def load(self, key: bytes) -> bytes:
        data = self.client.hget(self._name(key), "data")
        assert isinstance(data, bytes)
        return data

    def save(self, key: bytes, data: bytes) -> None:
        if not self.client.hset(self._name(key), "data", data):
            return
        self.client.hset(self._name(key), "tags", b"")

    def close(self) -> None:
        super().close()
        self.client.close()


class ClusterBacking(RedisBacking):
    """A cluster, of one node."""

    def make(self, codec: Codec = CODEC, key_prefix: str | None = None, **options: Any) -> Store:
        prefix = self.site if key_prefix is None else self.site + key_prefix
        return ClusterStore(self.url, codec, key_prefix=prefix, **options)

    def _name(self, key: bytes) -> str:
        return f"freshpage:{self.site.replace(' ', '%20')}:{digest(key).hex()}"

    def load(self, key: bytes) -> bytes:
        data = self.client.get(self._name(key))
        assert isinstance(data, bytes)
        return data

    def save(self, key: bytes, data: bytes) -> None:
        self.client.set(self._name(key), data)


class HeardBacking(RedisBacking):
    """A Redis store that hears of invalidations, on one machine."""

    quiet = False

    def __init__(self, url: str, directory: Path) -> None:
        super().__init__(url)
        self.path = directory / f"heard-{next(names)}"

    def make(self, codec: Codec = CODEC, key_prefix: str | None = None, **options: Any) -> Store:
        store = super().make(codec, key_prefix, **options)
        assert isinstance(store, RedisStore)
        heard = HearingStore(store, self.path, trust=5.0)
        deadline = time.monotonic() + 10
        heard.sequence()  # begins it
        while heard.pulse() < 0:  # until it has heard from the server
            assert time.monotonic() < deadline
            time.sleep(0.001)
        return heard

    def lose_counters(self) -> None:
        super().lose_counters()
        for store in self.opened:
            store.close()  # others would hear of it within their time


class DjangoBacking(Backing):
    def __init__(self, alias: str) -> None:
        super().__init__()
        self.alias = alias
        self.site = f"site {next(names)}"

    def make(self, codec: Codec = CODEC, key_prefix: str = "", **options: Any) -> Store:
        options.pop("tag_records", None)
        return DjangoCacheStore(
            self.alias, codec, key_prefix=self.site + key_prefix, clock=lambda: NOW, **options
        )

    def _of(self) -> DjangoCacheStore:
        store = self.opened[0]
        assert isinstance(store, DjangoCacheStore)
        return store

    def lose_counters(self) -> None:
        caches[self.alias].delete(self._of()._epoch_name)

    def load(self, key: bytes) -> bytes:
        data = caches[self.alias].get(self._of()._entry(key))
        assert isinstance(data, bytes)
        return data

    def save(self, key: bytes, data: bytes) -> None:
        caches[self.alias].set(self._of()._entry(key), data, int(LIFE))


class TieredBacking(Backing):
    raw = False  # what memory has is not read again

    def __init__(self, lower: Backing) -> None:
        super().__init__()
        self.lower = lower
        self.quiet = lower.quiet

    def make(self, codec: Codec = CODEC, admission: bool = False, **options: Any) -> Store:
        memory = options.pop("memory", MEMORY)
        lower = self.lower.open(codec=codec, **options)
        return TieredStore(lower, memory, admission=admission, clock=lambda: NOW)

    def lose_counters(self) -> None:
        self.lower.lose_counters()

    def close(self) -> None:
        super().close()
        self.lower.close()
