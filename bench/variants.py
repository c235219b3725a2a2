"""How many entries a page has, beside how many it must have.

`python -m bench.variants` makes random pages, each a decision tree over parameters, cookies,
fields and the language, asks for them with random requests, and prints for all pages
together: the leaves that were reached (a cache that goes by what was read needs one entry for
each), the entries in the cache, what one key for all that a page ever reads would have kept,
and the outputs that really differ.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.translation import get_language

from bench import inside
from bench.inside import Inside, Visit

PAGES, REQUESTS = 60, 1000

READ: dict[str, Callable[[HttpRequest], str | None]] = {
    "page": lambda request: request.GET.get("page"),
    "sort": lambda request: request.GET.get("sort"),
    "q": lambda request: request.GET.get("q"),
    "theme": lambda request: request.COOKIES.get("theme"),
    "consent": lambda request: request.COOKIES.get("consent"),
    "kind": lambda request: request.headers.get("X-Kind"),
    "html": lambda request: str(request.accepts("text/html")),
}
VALUES = {
    "page": ["", "1", "2", "3"],
    "sort": ["", "name", "date"],
    "q": ["", "a", "b", "c"],
    "theme": ["", "light", "dark"],
    "consent": ["", "yes", "no"],
    "kind": ["", "x", "y"],
    "html": ["text/html", "*/*;q=0.1", "application/json", "text/html, application/json"],
    "language": ["de", "en", "de-AT, de;q=0.5", "fr"],
}
TEXTS = ["red", "green", "blue", "white"]

Trace = tuple[tuple[str, str | None], ...]


@dataclass
class Page:
    """A random decision tree; branches grow where a request goes.

    :param odds: of asking once more.
    """

    dice: random.Random
    odds: float
    nodes: dict[Trace, str] = field(default_factory=dict)  # what is asked after a trace
    traces: dict[Trace, str] = field(default_factory=dict)  # what is shown at its end

    def show(self, request: HttpRequest) -> str:
        """What a visitor sees."""
        trace: Trace = (("language", get_language()),)  # LocaleMiddleware's, on each page
        while (asked := self._asked(trace)) is not None:
            trace += ((asked, READ[asked](request)),)
        return self.traces.setdefault(trace, self.dice.choice(TEXTS))

    def _asked(self, trace: Trace) -> str | None:
        if trace not in self.nodes:
            left = sorted(READ.keys() - {name for name, _ in trace})
            more = left and self.dice.random() < self.odds
            self.nodes[trace] = self.dice.choice(left) if more else ""
        return self.nodes[trace] or None


@dataclass
class Count:
    """What was counted over all pages."""

    leaves: int = 0
    entries: int = 0
    flat: int = 0
    outputs: int = 0
    renders: int = 0
    requests: int = 0

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.requests:8,} requests",
                f"{self.outputs:8,} different outputs",
                f"{self.leaves:8,} leaves of decision trees",
                f"{self.entries:8,} entries: {self.entries / self.leaves:.2f} a leaf",
                f"{self.renders:8,} renders: {self.renders / self.leaves:.2f} a leaf",
                f"{self.flat:8,} with one key a page: {self.flat / self.leaves:.2f} a leaf",
            ]
        )


def visit(name: str, dice: random.Random) -> Visit:
    """A random request, with noise."""
    given = {what: dice.choice(values) for what, values in VALUES.items()}
    query = [f"{what}={given[what]}" for what in ("page", "sort", "q") if given[what]]
    cookies = [f"{what}={given[what]}" for what in ("theme", "consent") if given[what]]
    fields = {
        "HTTP_ACCEPT": given["html"],
        "HTTP_ACCEPT_LANGUAGE": given["language"],
        "HTTP_COOKIE": "; ".join([*cookies, f"_ga={dice.random()}"]),
        **({"HTTP_X_KIND": given["kind"]} if given["kind"] else {}),
    }
    return Visit(name, "&".join([*query, f"utm_source={dice.random()}"]), tuple(fields.items()))


def measure(site: Inside, pages: int = PAGES, requests: int = REQUESTS, seed: int = 1) -> Count:
    """Ask for random pages, and count."""
    from freshpage.incoming import WsgiRequest
    from freshpage.performing import run
    from freshpage.request import axis_value
    from freshpage.tree import find

    count, runtime = Count(), site.runtime
    for number in range(pages):
        dice = random.Random(seed * 1000 + number)
        page = Page(random.Random(number), odds=dice.uniform(0.5, 0.95))
        inside.show = lambda request, name, page=page: page.show(request)
        before = inside.renders
        visits = [visit(f"random-{seed}-{number}", dice) for _ in range(requests)]
        for one in visits:
            site.ask(one)
        count.renders += inside.renders - before
        count.requests += requests
        count.leaves += len(page.traces)
        count.outputs += len(set(page.traces.values()))
        asked = [WsgiRequest(site.environ(one), runtime.rules) for one in visits]
        found = [run(find(runtime.engine.primary(one), one), runtime.store) for one in asked]
        kept = {one.key: one.entry for one in found if one.entry is not None}
        count.entries += len(kept)
        axes = sorted({axis for entry in kept.values() for axis in entry.axes})
        count.flat += len({tuple(axis_value(one, axis) for axis in axes) for one in asked})
    return count


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(prog="bench.variants", description=__doc__)
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    options = parser.parse_args()
    print(measure(Inside(), options.pages, options.requests))


if __name__ == "__main__":
    main()
