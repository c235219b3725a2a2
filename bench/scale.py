"""How the cache does on sites of many pages, of which memory holds a tenth.

`python -m bench.scale` asks in the manner of Zipf (1.0) for 5,000, 50,000 and 500,000 pages:
hit rates of the memory tier, of others on the same trace, and requests a second in one
process over SQLite. Then it measures what grows with pages, variants, tags and workers.
Figures go to build/bench/scale.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.growth import POINTS
from bench.machine import in_words, machine
from bench.policies import best_hit_rate, hit_rate, lru, s3_fifo, sieve, zipf
from bench.processes import ROOT
from bench.small_site import SmallSite

SITES = (5_000, 50_000, 500_000)
REQUESTS = {5_000: 100_000, 50_000: 500_000, 500_000: 2_000_000}
HELD = 0.1  # of the pages, in memory
ROUGHLY = 4_000  # bytes an entry takes; looked at more closely when some are there
DOOR_REQUESTS = 300_000  # at most: they make real entries


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--sites", nargs="+", type=int, default=SITES)
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--door", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.door:
        print(json.dumps(through_the_door(options.door)))
        return
    figures: dict[str, Any] = {"date": time.strftime("%Y-%m-%d", time.gmtime())}
    figures["machine"] = machine()
    figures["rates"] = {str(pages): _told(pages, rates(pages)) for pages in options.sites}
    figures["door"] = {
        str(pages): _told(pages, _apart("bench.scale", "--door", str(pages)))
        for pages in options.sites
    }
    figures["growth"] = {
        kind: {
            str(number): _told(f"{number} {kind}", _apart("bench.growth", kind, str(number)))
            for number in numbers
        }
        for kind, numbers in POINTS.items()
    }
    options.into.mkdir(parents=True, exist_ok=True)
    (options.into / "scale.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{in_words(figures['machine'])}.")


def rates(pages: int) -> dict[str, float]:
    """Hit rates of memories that hold a tenth of the pages."""
    trace, capacity = zipf(pages, REQUESTS.get(pages, 20 * pages)), int(pages * HELD)
    found = {
        "SIEVE (ours)": hit_rate(sieve(capacity), trace),
        "LRU": hit_rate(lru(capacity), trace),
        "S3-FIFO": hit_rate(s3_fifo(capacity), trace),
        "knowing the future": best_hit_rate(trace, capacity),
    }
    return {name: round(rate, 4) for name, rate in found.items()}


def through_the_door(pages: int) -> dict[str, float]:
    """Requests a second of one process, and who answered them, in a trace's second half."""
    trace = zipf(pages, min(REQUESTS.get(pages, 20 * pages), DOOR_REQUESTS))
    half = len(trace) // 2
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        memory = int(pages * HELD * ROUGHLY)
        site = SmallSite(Path(made), MEMORY_BYTES=memory, STORE_BYTES=2**32)
        tier = site.runtime.store.below
        for page in trace[:100]:
            site.ask(page)
        tier._sieve.budget = int(pages * HELD * tier._sieve.bytes / len({*trace[:100]}))
        fetches = _counted(tier.lower)
        for page in trace[:half]:
            site.ask(page)
        renders, fetching = site.renders, 0
        began = time.perf_counter()
        for page in trace[half:]:
            before = fetches[0]
            site.ask(page)
            fetching += fetches[0] != before
        seconds, requests = time.perf_counter() - began, len(trace) - half
    misses = (site.renders - renders) / requests
    return {
        "requests/s": round(requests / seconds),
        "from memory": round(1 - fetching / requests, 4),
        "from SQLite": round(fetching / requests - misses, 4),
        "rendered": round(misses, 4),
    }


def _counted(store: Any) -> list[int]:
    """How often a store is asked for something, from now on."""
    asked, count = store.get, [0]

    def get(key: bytes) -> Any:
        count[0] += 1
        return asked(key)

    store.get = get
    return count


def _apart(module: str, *arguments: str) -> dict[str, float]:
    """What a module prints in a process of its own."""
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _told(what: object, found: dict[str, float]) -> dict[str, float]:
    """Print figures on their way."""
    each = ", ".join(f"{name} {value:,g}" for name, value in found.items())
    print(f"{what:,}: {each}" if isinstance(what, int) else f"{what}: {each}", flush=True)
    return found


if __name__ == "__main__":
    main()
