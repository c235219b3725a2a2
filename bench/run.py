"""Measure a hot page on each server: a constant, Django, other caches, freshpage.

All cases of a server are started at once, on one core; load comes from another. Rounds
interleave the cases, so that what else the machine does hits all of them alike, and ratios are
taken within a round. There are as many rounds as fit into the time.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.cases import CASES, QUICK, Case
from bench.load import Measured, Page, Wrong, wrk_is_there
from bench.machine import in_words, machine
from bench.plot import hits_plot
from bench.processes import ROOT, Cores, ServerFailed
from bench.rows import row_table, rows
from bench.servers import SERVERS, missing, redis_server, running

LEAST_ROUNDS = 3
ENDING = 0.06  # of the time, to end what runs and to write


def main() -> int:
    """Measure, print the table, write the figures; the status for the shell."""
    options = _options()
    if not wrk_is_there():
        _tell("wrk makes the load, and is not there (Debian: apt install wrk)")
        return 1
    cases, left_out = _there(options.cases)
    began, found = time.monotonic(), machine()
    rounds = {}
    try:
        with _ending_on_signals():
            for done, server in enumerate(options.servers, 1):
                share = done / len(options.servers) * (1 - ENDING)
                until = began + share * options.minutes * 60
                rounds[server] = _measure(server, cases, until, options.seconds)
    except (ServerFailed, Wrong) as fault:
        _tell(str(fault))
        return 1
    except KeyboardInterrupt:
        _tell("stopped; all servers are ended")
        return 130
    figures = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": found,
        "seconds": options.seconds,
        "rounds": {server: len(next(iter(r.values()))) for server, r in rounds.items()},
        "left_out": left_out,
        "rows": [asdict(row) for row in rows(rounds)],
    }
    _write(options.into, figures)
    print(f"\n{row_table(figures['rows'])}\n\n{in_words(found)}.")
    print(f"{time.monotonic() - began:.0f} s in all; {options.into}/hits.json, hits.svg")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=13.0, help="in which all is to end")
    parser.add_argument("--seconds", type=int, default=1, help="a round of one case")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument(
        "--quick", action="store_const", const=list(QUICK), dest="cases", help="fewer cases"
    )
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "bench")
    return parser.parse_args()


def _there(names: list[str]) -> tuple[list[Case], dict[str, str]]:
    """The cases this machine can run; and those it can't, with the program they lack."""
    lacking = {name: program for name in names if (program := missing(CASES[name]))}
    for name, program in lacking.items():
        _tell(f"{name} is left out: {program} is not installed")
    return [CASES[name] for name in names if name not in lacking], lacking


def _measure(
    server: str, cases: list[Case], until: float, seconds: int
) -> dict[str, list[Measured]]:
    """The rounds of every case on one server.

    :param until: when to end, by time.monotonic().
    :raises ServerFailed, Wrong: when it does not start, or answers wrongly.
    """
    cores = Cores.of_this_machine()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = None
        if any("redis" in case.needs for case in cases):
            redis = stack.enter_context(redis_server(cores.server, directory)).port
        pages = {}
        for case in cases:
            answering = running(server, case, cores.server, directory, redis)
            pages[case.name] = Page(case, stack.enter_context(answering), cores.load)
        measured: dict[str, list[Measured]] = {name: [] for name in pages}
        turn, took = 0, 0.0
        while turn < LEAST_ROUNDS or time.monotonic() + took < until:
            began = time.monotonic()
            for name in _turned(list(pages), turn):
                measured[name].append(pages[name].load(seconds))
            turn, took = turn + 1, time.monotonic() - began
            _tell(f"{server}: round {turn}, {max(until - time.monotonic(), 0):.0f} s to go")
    return measured


def _turned(names: list[str], turn: int) -> list[str]:
    """The cases, beginning with another one each round."""
    first = turn % len(names)
    return names[first:] + names[:first]


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM end everything in order; a second one does not disturb that."""

    def stop(*_: Any) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _tell(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _write(into: Path, figures: dict[str, Any]) -> None:
    into.mkdir(parents=True, exist_ok=True)
    (into / "hits.json").write_text(json.dumps(figures, indent=1) + "\n")
    (into / "hits.svg").write_text(hits_plot(figures["rows"]))


if __name__ == "__main__":
    sys.exit(main())
