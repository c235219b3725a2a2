"""What a hit costs where memory is off: SQLite and Redis, beside Django's caches over the same.

`python -m bench.second_tier` has one process for each, which answer in turn without a server;
ratios are taken within a round, and told as their median.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.cases import CASES
from bench.hit import asking
from bench.machine import in_words, machine
from bench.processes import ROOT
from bench.servers import environment, prepare, redis_server

# ours, and Django's over the same store
PAIRS = {
    "SQLite": ("freshpage-sqlite-only", "django-database"),
    "Redis": ("freshpage-redis-only", "django-redis"),
}
DOORS = ("WSGI", "ASGI")
BATCH = 100  # hits at each door in a round


class Asked:
    """A process that answers a case."""

    def __init__(self, case: str, directory: Path, redis: int) -> None:
        directory.mkdir()
        given = environment(CASES[case], directory, redis)
        if CASES[case].prepared:
            prepare(CASES[case], None, directory, given)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.second_tier", "--answer"],
            env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def round(self) -> list[float]:
        """Microseconds a hit takes at each door."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return [float(told) for told in self._process.stdout.readline().split()]

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def answer() -> None:
    """Time some hits for each line that comes in."""
    doors = asking()
    for ask in doors:
        ask(3)
    for _ in sys.stdin:
        told = []
        for ask in doors:
            began = time.perf_counter()
            ask(BATCH)
            told.append((time.perf_counter() - began) / BATCH * 1e6)
        print(*told, flush=True)


def measure(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Microseconds of ours and Django's, and how many times ours the latter is."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        (directory / "redis").mkdir()
        redis = stack.enter_context(redis_server(None, directory / "redis")).port
        asked = {}
        for case in [case for pair in PAIRS.values() for case in pair]:
            asked[case] = Asked(case, directory / case, redis)
            stack.callback(asked[case].close)
        found = [{case: each.round() for case, each in asked.items()} for _ in range(rounds)]
    told: dict[str, dict[str, dict[str, float]]] = {}
    for name, (ours, django) in PAIRS.items():
        told[name] = {}
        for at, door in enumerate(DOORS):
            told[name][door] = {
                "ours": round(median(each[ours][at] for each in found), 1),
                "Django's": round(median(each[django][at] for each in found), 1),
                "times": round(median(each[django][at] / each[ours][at] for each in found), 2),
            }
    return told


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="bench.second_tier", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer()
        return
    told, found = measure(options.rounds), machine()
    options.into.mkdir(parents=True, exist_ok=True)
    figures = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": found, "µs": told}
    (options.into / "second_tier.json").write_text(json.dumps(figures, indent=1) + "\n")
    for name, doors in told.items():
        for door, each in doors.items():
            costs = ", ".join(f"{whose} {cost:.1f}" for whose, cost in each.items())
            print(f"{name:7} {door}  µs: {costs}")
    print(in_words(found))


if __name__ == "__main__":
    main()
