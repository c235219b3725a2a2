"""What was measured, as rows: medians of the rounds, and ratios taken within a round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.cases import CASES, DJANGO, FLOOR, VARNISH
from bench.load import Measured

Rounds = Mapping[str, Mapping[str, list[Measured]]]  # server -> case -> rounds
Ratio = tuple[float, float, float]  # median, least, most


@dataclass(frozen=True)
class Row:
    """One case on one server.

    :param rate: answers a second.
    :param p99: microseconds within which 99 of 100 answers came.
    :param cpu: microseconds of the server's core an answer took.
    :param of_floor, of_django, of_varnish: the rate, as a multiple of theirs in the same round.
    """

    server: str
    case: str
    rate: float
    p99: float
    cpu: float | None
    of_floor: Ratio | None
    of_django: Ratio | None
    of_varnish: Ratio | None


def rows(rounds: Rounds) -> list[Row]:
    """Every case, beside those it is compared with."""
    made = []
    for server, cases in rounds.items():
        for name, measured in cases.items():
            cpus = [m.cpu for m in measured if m.cpu is not None]
            made.append(
                Row(
                    server,
                    name,
                    round(median(m.rate for m in measured), 1),
                    median(m.p99 for m in measured),
                    round(median(cpus), 2) if cpus else None,
                    *(_ratio(measured, cases.get(other)) for other in (FLOOR, DJANGO, VARNISH)),
                )
            )
    return made


def _ratio(measured: list[Measured], other: list[Measured] | None) -> Ratio | None:
    if other is None:
        return None
    ratios = [round(m.rate / o.rate, 4) for m, o in zip(measured, other, strict=True)]
    return median(ratios), min(ratios), max(ratios)


def row_table(made: Iterable[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table."""
    columns = ("of the floor", "against Django's LocMem", "of Varnish")
    lines = [
        f"| server | what answers | answers/s | CPU µs each | {' | '.join(columns)} |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in made:
        cells = (
            row["server"],
            CASES[row["case"]].title,
            f"{row['rate']:,.0f}",
            "" if row["cpu"] is None else f"{row['cpu']:,.0f}",
            *(told_ratio(row[of]) for of in ("of_floor", "of_django", "of_varnish")),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def told_ratio(ratio: Ratio | None) -> str:
    """A ratio with the least and most of any round."""
    if ratio is None:
        return ""
    middle, least, most = (figure(value) for value in ratio)
    return f"{middle} ({least}–{most})"


def figure(value: float) -> str:
    """A ratio with as many digits as tell something."""
    if value >= 10:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 2 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
