"""docs/performance.md and its plots, from the figures of the last runs.

`python -m bench.report` takes what `make bench`, `bench.scale`, `bench.hit --instructions`
and `bench.second_tier` left in build/bench into docs/figures, and writes the page from there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.machine import in_words
from bench.plot import hits_plot, lines
from bench.processes import ROOT
from bench.rows import figure, row_table, told_ratio

DOCS = ROOT / "docs"
FIGURES = DOCS / "figures"
KINDS = ("hits", "cost", "second_tier", "scale")
# server: part of the floor, times Django's LocMem; and WSGI on granian as a part of Varnish
TARGETS = {
    "gunicorn gthread": (0.95, 3.3),
    "granian WSGI": (0.85, 9.0),
    "granian ASGI": (0.92, 45.0),
    "uvicorn": (0.92, 45.0),
}
OF_VARNISH = 0.85
SECOND_TIER = 3.0  # times Django's cache over the same store
MEASURED = "freshpage-memory"
DJANGO = "Django's"  # in bench.second_tier's figures

Figures = Mapping[str, Any]


def main() -> None:
    """Take in new figures, and write the page."""
    parser = argparse.ArgumentParser(prog="bench.report", description=__doc__)
    parser.add_argument("--from", type=Path, default=ROOT / "build" / "bench", dest="source")
    source = parser.parse_args().source
    FIGURES.mkdir(exist_ok=True)
    for kind in KINDS:
        if (made := source / f"{kind}.json").exists():
            (FIGURES / f"{kind}.json").write_text(made.read_text())
    for name, text in pages(kept()).items():
        (DOCS / name).write_text(text)


def kept() -> dict[str, Figures]:
    """The figures in docs/figures, by kind."""
    return {
        kind: json.loads(path.read_text())
        for kind in KINDS
        if (path := FIGURES / f"{kind}.json").exists()
    }


def pages(figures: Mapping[str, Figures]) -> dict[str, str]:
    """The files of docs/ that are made from figures, by name."""
    made, parts = {}, [HEAD]
    if "hits" in figures:
        hits = figures["hits"]
        made["figures/hits.svg"] = hits_plot(hits["rows"])
        parts += [_hits(hits), _wanted(hits["rows"])]
    if "cost" in figures:
        parts.append(_cost(figures["cost"]))
    if "second_tier" in figures:
        parts.append(_second_tier(figures["second_tier"]))
    if "scale" in figures:
        scale = figures["scale"]
        parts.append(_scale(scale))
        made["figures/rates.svg"] = _rates_plot(scale["rates"])
        for kind in scale["growth"]:
            made[f"figures/{kind}.svg"] = _growth_plot(kind, scale["growth"][kind])
    made["performance.md"] = "\n\n".join([*parts, TAIL]) + "\n"
    return made


HEAD = """\
<!-- made by `python -m bench.report`: change that, or the figures -->

# Performance

The limit for anything inside a Python server is that server answering a constant: *the floor*.
Ratios to it, and to Django's own cache, are what to compare; answers a second are those of one
machine. Ratios are taken within a round, in which all that is compared is measured one after the
other, and told as their median, with the least and the most of any round in parentheses."""

TAIL = """\
## Measure it yourself

```sh
make bench                               # a quarter of an hour; make bench-quick: three minutes
make bench-scale                         # many pages, variants, tags, workers
python -m bench.hit --instructions       # what a hit costs in our own code (valgrind)
python -m bench.second_tier              # what a hit costs that memory does not have
python -m bench.report                   # this page, from what these found
```

What a miss, a write, a crowd and a fleet cost is told where they are: [](data.md), [](load.md),
[](scaling.md), and the steps of a hit in [](architecture.md)."""


def _hits(hits: Figures) -> str:
    rounds = ", ".join(f"{count} on {server}" for server, count in hits["rounds"].items())
    left_out = "".join(f" Left out, for want of {of}: {n}." for n, of in hits["left_out"].items())
    return f"""\
## A hot page

30 KB in the visitor's language, with session, locale, CSRF, auth and messages middleware behind it;
`wrk -t1 -c32` on one core, the server with one worker on another, and on that Redis, Varnish or
nginx too where they take part. Every answer was looked at before it was measured: its status, its
length, that it was a hit, and that nothing was rendered under load.

![Answers a second as parts of what the bare server gives](figures/hits.svg)

{row_table(hits["rows"])}

Rounds of {hits["seconds"]} s: {rounds}. {in_words(hits["machine"])}; {hits["date"]}.{left_out}

The floor sends two fields, a page of Django's eleven: "a constant with the page's fields" is what
a cache can reach that loses none of them. Varnish and nginx stand before the same server and
answer in its place. Compressed pages are smaller, so they may come faster than the floor."""


def _wanted(rows: Iterable[Mapping[str, Any]]) -> str:
    """What was set out for, and what was reached."""
    told = [
        "### What was set out for",
        "",
        "| server | freshpage in memory | wanted | measured | |",
        "|---|---|--:|--:|---|",
    ]
    found = {row["server"]: row for row in rows if row["case"] == MEASURED}
    for server, (of_floor, of_django) in TARGETS.items():
        if server in found:
            wanted = [("of the floor", "of_floor", of_floor)]
            wanted.append(("against Django's LocMem", "of_django", of_django))
            if server == "granian WSGI":
                wanted.append(("of Varnish", "of_varnish", OF_VARNISH))
            told += [_reached(server, found[server], *each) for each in wanted]
    return "\n".join(told)


def _reached(server: str, row: Mapping[str, Any], what: str, column: str, wanted: float) -> str:
    if row[column] is None:
        return f"| {server} | {what} | {figure(wanted)} | not measured | |"
    got, least, most = row[column]
    verdict = "reached" if got >= wanted else f"**missed** by {1 - got / wanted:.0%}"
    if least < wanted <= most:
        verdict += ", but rounds differ more than that"
    return f"| {server} | {what} | {figure(wanted)} | {told_ratio(row[column])} | {verdict} |"


def _cost(cost: Figures) -> str:
    names = {
        "floor": "a constant",
        "freshpage-memory": "memory",
        "freshpage-sqlite": "SQLite",
        "freshpage-redis": "Redis",
    }
    told = "\n".join(
        f"| {names.get(name, name)} | {each['wsgi']:,} | {each['asgi']:,} |"
        for name, each in cost["instructions"].items()
    )
    return f"""\
## What a hit costs in our own code

Instructions a hot hit takes without a server, counted by valgrind: no other load on the machine
changes them. A test holds them to what they are, in the measure of some calls and look-ups of the
same Python.

| | WSGI | ASGI |
|---|--:|--:|
{told}

Python {cost["machine"]["python"]}; {cost["date"]}. What is left at the WSGI door: the request (is
it plain, which page is asked for) takes about a quarter, the pulse, which proves that nothing was
invalidated, a fifth over SQLite, the visitor's language a sixth; the clock, the look-up and handing
over the rest. At the ASGI door fields come as a list, so request and language take half as much
again, and each answer takes two awaited messages."""


def _second_tier(found: Figures) -> str:
    rows = "\n".join(
        f"| {store} | {door} | {each['ours']:,.0f} | {each[DJANGO]:,.0f} | {each['times']:.1f} "
        f"| {'reached' if each['times'] >= SECOND_TIER else '**missed**'} |"
        for store, doors in found["µs"].items()
        for door, each in doors.items()
    )
    return f"""\
## A hit that memory does not have

The memory tier is off, so each hit asks its store, checks the entry's signature and judges its
tags; beside it Django's cache middleware over the same store. Microseconds in one process without
a server, in turn; wanted: {SECOND_TIER:.0f} times.

| store | door | freshpage | Django | times | |
|---|---|--:|--:|--:|---|
{rows}

{in_words(found["machine"])}; {found["date"]}."""


def _scale(scale: Figures) -> str:
    rates = _table("pages", scale["rates"], lambda value: f"{value:.1%}")
    door = _table("pages", scale["door"], lambda v: f"{v:.1%}" if v <= 1 else f"{v:,.0f}")
    growth = "\n\n".join(
        f"![Microseconds by the number of {kind}](figures/{kind}.svg)\n\n"
        + _table(kind, points, lambda value: f"{value:,.1f}")
        for kind, points in scale["growth"].items()
    )
    return f"""\
## Many pages

Requests in the manner of Zipf (1.0): the page of rank n is asked for 1/n as often as the first. The
memory tier holds a tenth of the pages. Hit rates in the second half of one trace:

![Hit rates by the number of pages](figures/rates.svg)

{rates}

The same through the WSGI door, over SQLite, pages of 2 KB that cost nothing to render, one process:

{door}

## What grows with what

Microseconds, the median of many; pages of 2 KB over SQLite.

{growth}

{in_words(scale["machine"])}; {scale["date"]}."""


def _table(first: str, points: Mapping[str, Mapping[str, float]], told: Any) -> str:
    columns = list(next(iter(points.values())))
    rows = [
        f"| {int(number):,} | {' | '.join(told(each[name]) for name in columns)} |"
        for number, each in points.items()
    ]
    head = f"| {first} | {' | '.join(columns)} |"
    return "\n".join([head, "|--:|" + "--:|" * len(columns), *rows])


def _series(points: Mapping[str, Mapping[str, float]]) -> dict[str, list[tuple[float, float]]]:
    columns = next(iter(points.values()))
    return {
        name: [(float(number), each[name]) for number, each in points.items()] for name in columns
    }


def _rates_plot(rates: Mapping[str, Mapping[str, float]]) -> str:
    points = {name: [(x, 100 * y) for x, y in series] for name, series in _series(rates).items()}
    return lines(
        "Hit rate of a memory for a tenth of the pages", "pages", points, unit="%", top=100
    )


def _growth_plot(kind: str, points: Mapping[str, Mapping[str, float]]) -> str:
    series = {name.partition(",")[0]: line for name, line in _series(points).items()}
    return lines(f"Microseconds by the number of {kind}", kind, series, logarithmic=True)


if __name__ == "__main__":
    main()
