"""What is compared: the ways one page can be answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One way to answer the page.

    :param trivial: a constant, without Django: the floor.
    :param freshpage: FRESHPAGE, where the front door is in place.
    :param outermost, innermost: middleware around what the site has anyway.
    :param hit: how Cache-Status of a hit begins, where the case sends one.
    :param compressed: what is measured is sent in a content coding.
    :param cached: no answer may cost a render once the page has been asked for.
    """

    name: str
    title: str
    trivial: bool = False
    freshpage: dict[str, Any] | None = None
    outermost: tuple[str, ...] = ()
    innermost: tuple[str, ...] = ()
    caches: dict[str, Any] = field(default_factory=dict)
    hit: str = ""
    cached: bool = True
    compressed: bool = False


FLOOR, DJANGO = "floor", "django-locmem"

_LOCMEM = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
_HIT = "freshpage; hit"


def _plain(store: str) -> dict[str, Any]:
    """The same bytes as the others send."""
    return {"STORE": store, "ENCODINGS": []}


CASES = {
    case.name: case
    for case in (
        Case(FLOOR, "a constant (the floor)", trivial=True),
        Case("no-cache", "Django without a cache", cached=False),
        Case(
            DJANGO,
            "Django's cache middleware, LocMem",
            outermost=("django.middleware.cache.UpdateCacheMiddleware",),
            innermost=("django.middleware.cache.FetchFromCacheMiddleware",),
            caches=_LOCMEM,
        ),
        Case("freshpage-memory", "freshpage, memory", freshpage=_plain("memory"), hit=_HIT),
        Case("freshpage-sqlite", "freshpage, SQLite", freshpage=_plain("sqlite"), hit=_HIT),
        Case(
            "freshpage-compressed",
            "freshpage, memory, compressed",
            freshpage={"STORE": "memory"},
            hit=_HIT,
            compressed=True,
        ),
    )
}
