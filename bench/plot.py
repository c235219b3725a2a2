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
) -> str:
    """Lines over a logarithmic x, from 0 up.

    :param across: what x is.
    :param series: points by the name of their line.
    :param top: the highest y; None: that of the points.
    """
    left, right, high, low = 60, 190, 46, 300
    xs = sorted({x for points in series.values() for x, _ in points})
    top = top or max(y for points in series.values() for _, y in points) * 1.1 or 1.0
    span = math.log(xs[-1] / xs[0]) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        wide = (WIDTH - left - right) * math.log(x / xs[0]) / span
        return left + wide, low - (low - high) * min(y / top, 1)

    parts = [_text(10, 22, title, "head"), _text(left, low + 36, across, "small")]
    for step in range(5):
        _, y = at(xs[0], top * step / 4)
        parts.append(f'<path class="grid" d="M{left} {y:.1f}H{WIDTH - right}"/>')
        parts.append(_text(left - 6, y + 4, f"{top * step / 4:.3g}{unit}", "small", "end"))
    parts += [_text(at(x, 0)[0], low + 18, f"{x:,.0f}", "small", "middle") for x in xs]
    for number, (name, points) in enumerate(series.items()):
        places = [at(x, y) for x, y in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path class="line c{number % 5}" d="M{path}"/>')
        key = high + 6 + number * _ROW
        parts.append(f'<path class="line c{number % 5}" d="M{WIDTH - right + 14} {key}h22"/>')
        parts.append(_text(WIDTH - right + 42, key + 4, name))
    return _svg(low + 48, title, parts)


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
