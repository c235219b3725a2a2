"""How what freshpage does grows with pages, variants, tags and workers; over SQLite.

Each point is measured in a process of its own: `python -m bench.growth KIND NUMBER`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.policies import zipf
from bench.small_site import SmallSite

POINTS = {
    "pages": (1_000, 10_000, 100_000),
    "variants": (1, 10, 100, 1_000),
    "tags": (1, 10, 100, 1_000),
    "workers": (1, 2, 4, 8),
}
HITS, FEW = 2_000, 50
WORKER_SECONDS = 2.0
INVALIDATIONS = 20  # a second, while workers answer


def pages(directory: Path, number: int) -> dict[str, float]:
    """Microseconds, with so many pages stored."""
    site = SmallSite(directory, MEMORY_BYTES=2**31, STORE_BYTES=2**32)
    for page in range(number):
        site.ask(page)
    some = random.Random(1).sample(range(number), min(number, HITS))
    for page in some:  # from now on known to stand
        site.ask(page)
    time.sleep(1)  # no answer lives longer
    return {
        "first hit in a second": _each(lambda at: site.ask(some[at]), len(some)),
        "hot hit": _hot(site),
        "miss": _each(lambda at: site.ask(number + at)),
        "invalidate": _each(lambda at: site.runtime.store.invalidate([f"nobody:{at}"]), FEW),
    }


def variants(directory: Path, number: int) -> dict[str, float]:
    """Microseconds, with so many variants of one page."""
    site = SmallSite(directory, MEMORY_BYTES=2**31)
    site.vary = [("Vary", "X-Variant")]
    for variant in [*range(number), *range(number)]:
        site.ask(0, variant)
    return {
        "hot hit": _hot(site, 0),
        "hit on any": _each(lambda at: site.ask(0, at % number)),
        "miss": _each(lambda at: site.ask(0, number + at)),
    }


def tags(directory: Path, number: int) -> dict[str, float]:
    """Microseconds, with so many tags an entry."""
    site = SmallSite(directory, MEMORY_BYTES=2**31)
    site.tags = tuple(f"row:{at}" for at in range(number))
    misses = _each(site.ask, FEW)

    def invalidate(at: int) -> None:
        site.runtime.store.invalidate([f"nobody:{at}"])

    return {
        "hot hit": _hot(site),
        "miss": misses,
        "first hit after an invalidation of others": _each(site.ask, FEW, invalidate),
    }


def workers(directory: Path, number: int) -> dict[str, float]:
    """Microseconds of CPU a hit takes, with so many processes and writes going on."""
    trace = zipf(1_000, 20_000)
    ends = []
    for worker in range(number):
        reads, writes = os.pipe()
        if not os.fork():
            cost = _work(directory, trace[worker:], invalidates=worker == 0)
            os.write(writes, json.dumps(cost).encode())
            os._exit(0)
        os.close(writes)
        ends.append(os.fdopen(reads))
    return {
        f"CPU of a hit, {INVALIDATIONS} invalidations a second": median(
            json.loads(end.read()) for end in ends
        )
    }


def _work(directory: Path, trace: list[int], *, invalidates: bool) -> float:
    site = SmallSite(directory)
    for page in trace:
        site.ask(page)
    until, last, hits, spent = time.monotonic() + WORKER_SECONDS, 0.0, 0, 0.0
    while (now := time.monotonic()) < until:
        if invalidates and now - last > 1 / INVALIDATIONS:
            site.runtime.store.invalidate([f"nobody:{now}"])
            last = now
        began = time.process_time()
        for page in trace[:500]:
            site.ask(page)
        spent += time.process_time() - began
        hits += 500
    return spent / hits * 1e6


def _hot(site: SmallSite, variant: int | None = None) -> float:
    site.ask(0, variant)
    return _each(lambda at: site.ask(0, variant))


def _each(
    do: Callable[[int], Any], times: int = HITS, before: Callable[[int], Any] | None = None
) -> float:
    """The median of what one takes, in microseconds."""
    taken = []
    for at in range(times):
        if before is not None:
            before(at)
        began = time.perf_counter()
        do(at)
        taken.append(time.perf_counter() - began)
    return round(median(taken) * 1e6, 2)


KINDS = {"pages": pages, "variants": variants, "tags": tags, "workers": workers}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        print(json.dumps(KINDS[sys.argv[1]](Path(made), int(sys.argv[2]))))
