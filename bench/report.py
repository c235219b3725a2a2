"""What was measured, as a table and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.cases import CASES, DJANGO, FLOOR
from bench.load import Measured

Rounds = Mapping[str, Mapping[str, list[Measured]]]  # server -> case -> rounds

BESIDE = (FLOOR, DJANGO)
_VERSIONS = ("django", "gunicorn", "granian", "uvicorn")


@dataclass(frozen=True)
class Row:
    """One case on one server: medians over the rounds.

    :param rate: answers a second.
    :param cpu: microseconds of the server's core an answer took.
    :param of_floor, of_django: the rate, as a multiple of theirs in the same run.
    """

    server: str
    case: str
    rate: float
    p99: float
    cpu: float | None
    of_floor: float | None
    of_django: float | None


def rows(rounds: Rounds) -> list[Row]:
    """The medians of each case, beside those it is compared with."""
    made = []
    for server, cases in rounds.items():
        rates = {name: median(m.rate for m in measured) for name, measured in cases.items()}
        for name, measured in cases.items():
            p99 = median(m.p99 for m in measured)
            cpus = [m.cpu for m in measured if m.cpu is not None]
            beside = [rates[name] / rates[other] if other in rates else None for other in BESIDE]
            cpu = median(cpus) if cpus else None
            made.append(Row(server, name, rates[name], p99, cpu, *beside))
    return made


def table(made: list[Row]) -> str:
    """A Markdown table."""
    lines = [
        "| server | what answers | answers/s | CPU µs each | of the floor | against Django's |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in made:
        cells = (
            row.server,
            CASES[row.case].title,
            f"{row.rate:,.0f}",
            "" if row.cpu is None else f"{row.cpu:,.0f}",
            "" if row.of_floor is None else f"{row.of_floor:.2f}",
            "" if row.of_django is None else f"{row.of_django:.1f}×",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    found = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version(name) for name in _VERSIONS},
    }
    if hasattr(os, "getloadavg"):
        found["load"] = round(os.getloadavg()[0], 2)  # of others, when the run began
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def in_words(found: Mapping[str, Any]) -> str:
    """The machine, in one line."""
    versions = ", ".join(f"{name} {found[name]}" for name in ("python", *_VERSIONS))
    load = f", load {found['load']} when it began" if "load" in found else ""
    return f"{found['cores']} × {found['processor']}, {found['system']}{load}; {versions}"
