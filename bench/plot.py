"""Plots as SVG: bars and lines, readable on light and on dark ground."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from bench.cases import CASES, FLOOR

WIDTH = 760
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .head { font-weight: 600; } .small { font-size: 11px; }
  .bar { fill: #8c959f; } .ours { fill: #0969da; }
  .grid { stroke: #d0d7de; } .mark { stroke: #24292f; stroke-dasharray: 3 3; }
  .line { fill: none; stroke-width: 2; }
  .c0 { stroke: #0969da; } .c1 { stroke: #bc4c00; } .c2 { stroke: #1a7f37; } .c3 { stroke: #8250df; }
  .c4 { stroke: #6e7781; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .bar { fill: #6e7681; } .ours { fill: #4493f8; }
    .grid { stroke: #3d444d; } .mark { stroke: #e6edf3; }
    .c0 { stroke: #4493f8; } .c1 { stroke: #f0883e; } .c2 { stroke: #3fb950; } .c3 { stroke: #ab7df8; }
    .c4 { stroke: #9198a1; }
  }
"""  # noqa: E501
_ROW, _LEFT, _RIGHT = 20, 250, 70


class Bar(NamedTuple):
    """One bar; ``ours`` stands out."""

    label: str
    value: float
    told: str
    ours: bool = False


def hits_plot(rows: Iterable[Mapping[str, Any]]) -> str:
    """Answers a second, as a part of what the bare server gives."""
    groups: dict[str, list[Bar]] = {}
    for row in rows:
        if row["of_floor"] is not None and row["case"] != FLOOR:
            part, case = row["of_floor"][0], CASES[row["case"]]
            bar = Bar(case.title, part, f"{part:.3g}", case.freshpage is not None)
            groups.setdefault(row["server"], []).append(bar)
    return bars("A hot page: answers a second, the bare server's being 1", groups)


def bars(title: str, groups: Mapping[str, Sequence[Bar]]) -> str:
    """Horizontal bars in groups, all from 0 on; a dashed line marks 1."""
    most = max([1.0, *(bar.value for group in groups.values() for bar in group)])
    scale = (WIDTH - _LEFT - _RIGHT) / most
    parts, y = [_text(10, 22, title, "head")], 40
    for name, group in groups.items():
        parts.append(_text(10, y + 14, name, "head"))
        y += _ROW
        one, end = _LEFT + scale, y + len(group) * _ROW
        for bar in group:
            kind = "ours" if bar.ours else "bar"
            width = max(bar.value * scale, 1)
            parts.append(_text(_LEFT - 8, y + 14, bar.label, anchor="end"))
            parts.append(
                f'<rect class="{kind}" x="{_LEFT}" y="{y + 3}" width="{width:.1f}" height="14"/>'
            )
            parts.append(_text(_LEFT + width + 6, y + 14, bar.told, "small"))
            y += _ROW
        parts.append(f'<path class="mark" d="M{one:.1f} {y - len(group) * _ROW}V{end}"/>')
        y += 10
    return _svg(y + 6, title, parts)


def lines(
    title: str,
    across: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    unit: str = "",
    top: float | None = None,
    logarithmic: bool = False,
) -> str:
    """Lines over a logarithmic x.

    :param across: what x is.
    :param series: points by the name of their line.
    :param top: the highest y; None: that of the points.
    :param logarithmic: y is so too, in powers of ten; else it begins at 0.
    """
    xs = sorted({x for points in series.values() for x, _ in points})
    ys = [y for points in series.values() for _, y in points]
    if logarithmic:
        least, most = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
        marks = [10.0**power for power in range(least, max(most, least + 1) + 1)]
    else:
        marks = [(top or max(ys) * 1.1) * step / 4 for step in range(5)]

    def at(x: float, y: float) -> tuple[float, float]:
        wide = _part(math.log(xs[0]), math.log(xs[-1]), math.log(x))
        rise = math.log10 if logarithmic else float
        high = _part(rise(marks[0]), rise(marks[-1]), rise(y))
        return _PLOT.left + wide * _PLOT.width, _PLOT.bottom - high * _PLOT.height

    end = _PLOT.left + _PLOT.width
    parts = [
        _text(10, 22, title, "head"),
        _text(_PLOT.left, _PLOT.bottom + 36, across, "small"),
        *(_text(at(x, ys[0])[0], _PLOT.bottom + 18, f"{x:,.0f}", "small", "middle") for x in xs),
    ]
    for mark in marks:
        y = at(xs[0], mark)[1]
        parts.append(f'<path class="grid" d="M{_PLOT.left} {y:.1f}H{end}"/>')
        parts.append(_text(_PLOT.left - 6, y + 4, f"{mark:,g}{unit}", "small", "end"))
    for number, (name, points) in enumerate(series.items()):
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in (at(*point) for point in points))
        key, kind = 52 + number * _ROW, f"line c{number % 5}"
        parts.append(f'<path class="{kind}" d="M{path}"/>')
        parts.append(f'<path class="{kind}" d="M{end + 14} {key}h22"/>')
        parts.append(_text(end + 42, key + 4, name, "small"))
    return _svg(_PLOT.bottom + 48, title, parts)


class _Area(NamedTuple):
    """Where lines are drawn."""

    left: float
    bottom: float
    width: float
    height: float


_PLOT = _Area(left=70, bottom=300, width=450, height=254)


def _part(least: float, most: float, value: float) -> float:
    """Where a value lies between two others, from 0 to 1."""
    return (value - least) / (most - least) if most > least else 0.0


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _svg(height: float, title: str, parts: Iterable[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n{body}\n</svg>\n"
    )
