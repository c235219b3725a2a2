"""Whether campaign parameters and analytics cookies cost hits.

`python -m bench.noise` asks 100,000 times for 500 pages, which differ by a page number, a
theme and the visitor's language: once as it is, and once with random noise. It prints the
hit rates and the number of entries, which should be the same.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import get_language

from bench import inside
from bench.inside import Inside, Visit

PAGES, REQUESTS = 500, 100_000
AGENTS = [f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko" for version in range(90, 140)]
LANGUAGES = ["de", "en", "de-AT,de;q=0.9,en;q=0.1", "fr,en-GB;q=0.8", ""]


class Rate(NamedTuple):
    """How a stream of requests fared."""

    hits: int
    requests: int
    renders: int

    def __str__(self) -> str:
        rate = self.hits / self.requests
        return f"{rate:8.3%} of {self.requests:,} requests hit, {self.renders:,} renders"


def show(request: HttpRequest, name: str) -> str:
    """A list that is turned by a parameter, an article with a theme, or plain text."""
    kind = int(name) % 3
    if kind == 0:
        return f"{name} {get_language()} page {request.GET.get('page', '1')}"
    if kind == 1:
        return f"{name} {get_language()} in {request.COOKIES.get('theme', 'light')}"
    return f"{name} {get_language()}"


def visits(count: int, seed: int, *, noise: bool) -> Iterator[Visit]:
    """Requests, popular pages more often; the same whether there is noise or not."""
    dice, salt = random.Random(seed), random.Random(seed + 1)
    weights = [1 / (rank + 1) for rank in range(PAGES)]
    for number in dice.choices(range(PAGES), weights, k=count):
        query = dice.choice(["", "", "page=2", "page=3"])
        cookies = dice.choice(["", "theme=light", "theme=dark"])
        fields = {"HTTP_ACCEPT_LANGUAGE": dice.choice(LANGUAGES)}
        if noise:
            query = _among(salt, "&", query, "utm_source", "gclid")
            cookies = _among(salt, "; ", cookies, "_ga", "_fbp")
            fields["HTTP_USER_AGENT"] = salt.choice(AGENTS)
            fields["HTTP_REFERER"] = f"https://example.com/{salt.random()}"
        if cookies:
            fields["HTTP_COOKIE"] = cookies
        yield Visit(str(number), query, tuple(fields.items()))


def _among(salt: random.Random, joint: str, part: str, *noise: str) -> str:
    parts = [f"{name}={salt.random()}" for name in noise] + ([part] if part else [])
    salt.shuffle(parts)
    return joint.join(parts)


def measure(site: Inside, count: int, *, noise: bool, seed: int = 1) -> Rate:
    """How many of so many requests hit, from an empty cache on."""
    inside.show = show
    site.runtime.store.invalidate(["@all"])
    before, hits = inside.renders, 0
    for visit in visits(count, seed, noise=noise):
        hits += site.ask(visit).hit
    return Rate(hits, count, inside.renders - before)


def main() -> None:
    """Print both rates."""
    parser = argparse.ArgumentParser(prog="bench.noise", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    count = parser.parse_args().requests
    site = Inside()
    for noise in (False, True):
        print(
            f"{'with' if noise else 'without'} noise".ljust(14), measure(site, count, noise=noise)
        )


if __name__ == "__main__":
    main()
