"""Writers and readers racing over one store, with the truth beside it.

A writer changes the truth, invalidates, and then announces the change. A reader notes what was
announced *before* it asks the store: a page handed out as VALID may not be older than that.
"""

from __future__ import annotations

import mmap
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from freshpage.entry import Entry
from freshpage.sequence import Standing
from freshpage.stores import Store, StoreError
from freshpage.stores.hearing import HearingStore
from freshpage.stores.redis import RedisStore
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.tiered import TieredStore
from tests.stores.examples import CODEC, make_entry

PAGES = 3
ANNOUNCED = PAGES  # words after the truth


@dataclass(frozen=True)
class Place:
    """Where a process finds the store and the truth."""

    kind: str
    store: str  # path or URL
    site: str
    truth: Path

    def open(self) -> Store:
        if self.kind.endswith("sqlite"):
            lower: Store = SqliteStore(Path(self.store), CODEC, budget=2**24)
        elif self.kind.endswith("heard"):
            server = RedisStore(self.store, CODEC, key_prefix=self.site)
            lower = HearingStore(server, self.truth.with_name("heard"), trust=1.0)
        else:
            lower = RedisStore(self.store, CODEC, key_prefix=self.site)
        return TieredStore(lower, 2**20) if self.kind.startswith("tiered") else lower


def race_in_process(place: Place, page: int, rounds: int) -> int:
    with place.truth.open("r+b") as file, mmap.mmap(file.fileno(), PAGES * 16) as shared:
        words = memoryview(shared).cast("Q")
        try:
            return race(place.open(), words, page, rounds)
        finally:
            words.release()


def race(store: Store, words: memoryview[int], page: int, rounds: int) -> int:
    """One runner, the only writer of ``page``.

    :returns: how many answers were hits.
    """
    dice = random.Random(page)
    hits = 0
    for _ in range(rounds):
        if dice.random() < 0.05:
            words[page] += 1
            insist(lambda: store.invalidate([f"page {page}"]))
            words[ANNOUNCED + page] = words[page]
            continue
        asked = dice.randrange(PAGES)
        announced = words[ANNOUNCED + asked]
        try:
            held = store.get(b"page %d" % asked)
            if held is not None and held.standing is Standing.VALID:
                assert isinstance(held.node, Entry)
                assert int(held.node.body) >= announced
                hits += 1
            else:
                render(store, words, asked)
        except StoreError:
            continue  # busy: a miss
    return hits


def render(store: Store, words: memoryview[int], page: int) -> None:
    sequence = store.sequence()
    body = b"%d" % words[page]
    store.put(b"page %d" % page, make_entry(sequence, (f"page {page}",), body))


def insist(call: Callable[[], object]) -> None:
    while True:
        try:
            call()
            return
        except StoreError:
            continue
