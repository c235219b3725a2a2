"""Measure a hot page on each server: a constant, Django, Django's cache, freshpage.

All cases of a server are started at once, on one core; load comes from another. Rounds
interleave the cases, so that what else the machine does hits all of them alike.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench.cases import CASES
from bench.load import Measured, Page, Wrong, wrk_is_there
from bench.report import in_words, machine, rows, table
from bench.servers import ROOT, SERVERS, Cores, ServerFailed, running


def main() -> int:
    """Measure, print the table, write the figures; the status for the shell."""
    options = _options()
    if not wrk_is_there():
        print("bench: wrk makes the load, and is not there (Debian: apt install wrk)")
        return 1
    began, found = time.monotonic(), machine()
    try:
        rounds = {server: _measure(server, options) for server in options.servers}
    except (ServerFailed, Wrong) as fault:
        print(f"bench: {fault}")
        return 1
    made = rows(rounds)
    each = f"{options.rounds} rounds of {options.seconds} s each"
    print(f"\n{table(made)}\n\nMedians of {each}, wrk -t1 -c32, one worker on one core.")
    print(f"{in_words(found)}. {time.monotonic() - began:.0f} s in all.")
    _write(options.json, {"machine": found, "measured": each, "rows": [asdict(r) for r in made]})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="a round of one case")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args()


def _measure(server: str, options: argparse.Namespace) -> dict[str, list[Measured]]:
    """The rounds of every case on one server.

    :raises ServerFailed, Wrong: when it does not start, or answers wrongly.
    """
    cores = Cores.of_this_machine()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        pages = {}
        for name in options.cases:
            answering = running(server, CASES[name], cores.server, directory)
            pages[name] = Page(CASES[name], stack.enter_context(answering), cores.load)
        measured: dict[str, list[Measured]] = {name: [] for name in pages}
        for turn in range(options.rounds):
            for name in _turned(list(pages), turn):
                measured[name].append(pages[name].load(options.seconds))
            _progress(f"{server}: round {turn + 1} of {options.rounds}")
    return measured


def _turned(names: list[str], turn: int) -> list[str]:
    """The cases, beginning with another one each round."""
    first = turn % len(names)
    return names[first:] + names[:first]


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(path: Path, figures: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
