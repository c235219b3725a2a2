"""From one process to a fleet: hit rates, what the store is asked, and who hears of a write.

    python -m bench.simulate

A model of requests that follow Zipf's law, with each worker's memory (Che's approximation
of a cache that keeps what was asked for last), the shared store, lives and invalidations.
First it is checked: real stores are asked with such a stream at small sizes, and what was
counted stands beside what the model says. Then it tells of sizes nobody has in a laboratory.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
from bisect import bisect
from dataclasses import dataclass, replace

from freshpage.entry import Entry
from freshpage.sequence import Standing
from freshpage.settings import Settings
from freshpage.stores.hearing import BEATS
from freshpage.stores.memory import MemoryStore
from freshpage.stores.tiered import TieredStore
from freshpage.tags import packed

DAY = 86_400
BODY = 2000  # bytes of a page in the check
STEPS = 4000  # ranks are put together in so many groups


@dataclass(frozen=True)
class Fleet:
    """A site and its machines.

    :param rate: requests a second, of all workers together.
    :param memory: pages that one worker's memory holds.
    :param writes: a day.
    :param drops: pages that a write ends.
    :param life: seconds a page lives.
    """

    pages: int
    workers: int
    rate: float
    memory: int
    writes: float
    drops: float = 3.0
    life: float = 3600.0


@dataclass(frozen=True)
class Figures:
    """Shares of requests, and calls a second."""

    hits: float
    from_memory: float
    renders: float
    gets: float
    fan_out: float
    beats: float


def groups(pages: int) -> list[tuple[float, int]]:
    """Zipf's law: (share of one page, how many have about that share)."""
    total = sum(1 / rank for rank in range(1, min(pages, 10**6) + 1))
    if pages > 10**6:
        total += math.log(pages / 10**6)
    edges = sorted({round(pages ** (step / STEPS)) for step in range(STEPS + 1)} | {1})
    found = [(1 / total, 1)]
    for low, high in itertools.pairwise(edges):
        mean = math.log((high + 0.5) / (low + 0.5)) / (high - low)
        found.append((mean / total, high - low))
    whole = sum(share * count for share, count in found)  # what the means leave over
    return [(share / whole, count) for share, count in found]


def model(fleet: Fleet) -> Figures:
    """What is to be expected."""
    shares = groups(fleet.pages)
    own = fleet.rate / fleet.workers
    reach = _reach([(own * share, count) for share, count in shares], fleet.memory)
    ended = fleet.writes / DAY * fleet.drops / fleet.pages  # a page, a second
    lives = (1 - math.exp(-ended * fleet.life)) / ended if ended else fleet.life
    hits = from_memory = 0.0
    for share, count in shares:
        asked = fleet.rate * share
        hits += share * count * _within(asked * lives)
        held = 1 - math.exp(-own * share * reach)
        from_memory += share * count * min(held, _within(own * share * lives))
    return Figures(
        hits,
        from_memory,
        renders=fleet.rate * (1 - hits),
        gets=fleet.rate * (1 - from_memory),
        fan_out=fleet.writes / DAY * fleet.workers,
        beats=fleet.workers * BEATS / Settings().trust,
    )


def _within(expected: float) -> float:
    """The share of requests that are not the first of a life in which so many come."""
    return expected / (1 + expected)


def _reach(rates: list[tuple[float, int]], memory: int) -> float:
    """Seconds that a memory reaches back."""
    if memory >= sum(count for _, count in rates):
        return math.inf
    low, high = 0.0, 1.0
    while _held(rates, high) < memory:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _held(rates, middle) < memory else (low, middle)
    return high


def _held(rates: list[tuple[float, int]], seconds: float) -> float:
    return sum(count * (1 - math.exp(-rate * seconds)) for rate, count in rates)


# -- the check ---------------------------------------------------------------------------


class Clock:
    """Time of the simulated site."""

    now = 1e9

    def __call__(self) -> float:
        return self.now


def measured(fleet: Fleet, requests: int, seed: int = 1) -> Figures:
    """The same from real stores, asked one request after the other."""
    clock, chosen = Clock(), random.Random(seed)
    below = CountedStore(2**31)
    one = _entry(below, 0, clock.now, fleet.life)
    each = one.size + 300
    workers = [TieredStore(below, fleet.memory * each, clock=clock) for _ in range(fleet.workers)]
    weights = list(itertools.accumulate(1 / rank for rank in range(1, fleet.pages + 1)))
    hits = from_memory = counted = renders = 0
    for number in range(requests):
        clock.now += 1 / fleet.rate
        if chosen.random() < fleet.writes / DAY / fleet.rate:
            for _ in range(int(fleet.drops)):
                below.invalidate([f"page {chosen.randrange(fleet.pages)}"])
        page = bisect(weights, chosen.random() * weights[-1])
        store, key = chosen.choice(workers), b"%d" % page
        asked = below.asked
        held = store.get(key)
        fresh = (
            held is not None
            and isinstance(held.node, Entry)
            and held.standing is Standing.VALID
            and held.node.expires > clock.now
        )
        if number >= requests // 2:
            counted += 1
            hits += fresh
            from_memory += fresh and below.asked == asked
            renders += not fresh
        if not fresh:
            store.put(key, _entry(below, page, clock.now, fleet.life))
    seconds = counted / fleet.rate
    shares = hits / counted, from_memory / counted
    gets = (counted - from_memory) / seconds
    return replace(
        model(fleet), hits=shares[0], from_memory=shares[1], renders=renders / seconds, gets=gets
    )


class CountedStore(MemoryStore):
    """A shared store that counts what it is asked for."""

    asked = 0

    def get(self, key: bytes):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().get(key)


def _entry(store: MemoryStore, page: int, now: float, life: float) -> Entry:
    return Entry(
        status=200,
        reason="OK",
        headers=(),
        response_time=now,
        initial_age=0,
        lifetime=life,
        expires=now + life,
        sequence=store.sequence(),
        tags=packed([f"page {page}"]),
        axes=(),
        etag=None,
        own_etag=False,
        last_modified=None,
        explicit=False,
        body=b"x" * BODY,
    )


CHECKS = (
    Fleet(pages=2_000, workers=1, rate=50, memory=2_000, writes=0, life=300),
    Fleet(pages=5_000, workers=4, rate=50, memory=500, writes=0, life=600),
    Fleet(pages=5_000, workers=4, rate=50, memory=500, writes=40_000, life=600),
    Fleet(pages=20_000, workers=8, rate=50, memory=1_000, writes=400_000, life=3600),
)
FLEETS = (
    Fleet(pages=1_000, workers=1, rate=20, memory=1_000, writes=100),
    Fleet(pages=10_000, workers=8, rate=200, memory=8_000, writes=1_000),
    Fleet(pages=100_000, workers=40, rate=2_000, memory=8_000, writes=10_000),
    Fleet(pages=1_000_000, workers=200, rate=10_000, memory=8_000, writes=30_000),
    Fleet(pages=10_000_000, workers=1_000, rate=50_000, memory=8_000, writes=100_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=200_000, help="of each check")
    requests = parser.parse_args().requests
    print("Checked against real stores (measured / model)\n")
    print("| pages | workers | writes a day | hits | from memory | renders/s | store gets/s |")
    print("|---|---|---|---|---|---|---|")
    for fleet in CHECKS:
        real, said = measured(fleet, requests), model(fleet)
        print(
            f"| {fleet.pages:,} | {fleet.workers} | {fleet.writes:,.0f} "
            f"| {real.hits:.1%} / {said.hits:.1%} "
            f"| {real.from_memory:.1%} / {said.from_memory:.1%} "
            f"| {real.renders:.1f} / {said.renders:.1f} | {real.gets:.0f} / {said.gets:.0f} |",
            flush=True,
        )
    print("\nFrom one process to a fleet (model)\n")
    print(
        "| pages | workers | requests/s | writes a day | hits | from memory | renders/s "
        "| store gets/s | news heard/s | heartbeats/s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for fleet in FLEETS:
        said = model(fleet)
        print(
            f"| {fleet.pages:,} | {fleet.workers:,} | {fleet.rate:,.0f} | {fleet.writes:,.0f} "
            f"| {said.hits:.1%} | {said.from_memory:.1%} | {said.renders:,.1f} | {said.gets:,.0f} "
            f"| {said.fan_out:,.1f} | {said.beats:,.0f} |"
        )


if __name__ == "__main__":
    main()
