"""What is compared: the ways one page can be answered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One way to answer the page.

    :param trivial: a constant, without Django: the floor.
    :param freshpage: FRESHPAGE, where the front door is in place.
    :param outermost, innermost: middleware around what the site has anyway.
    :param hit: the field that tells of a hit, and how its value begins, where there is one.
    :param compressed: what is measured is sent in a content coding.
    :param cached: no answer may cost a render once the page has been asked for.
    :param cms: the page is one of django-cms.
    :param prepared: the site's database needs tables.
    :param front: what stands before the server: "varnish", "nginx".
    :param needs: programs that must be there: "redis", "varnish", "nginx".
    """

    name: str
    title: str
    trivial: bool = False
    freshpage: dict[str, Any] | None = None
    outermost: tuple[str, ...] = ()
    innermost: tuple[str, ...] = ()
    caches: dict[str, Any] = field(default_factory=dict)
    hit: tuple[str, str] = ("", "")
    cached: bool = True
    compressed: bool = False
    cms: bool = False
    prepared: bool = False
    front: str = ""
    needs: tuple[str, ...] = ()


FLOOR, DJANGO, VARNISH = "floor", "django-locmem", "varnish"
FIELDS = "floor-fields"

_DIRECTORY = os.environ.get("BENCH_DIRECTORY", "")
_REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379/0")
_WAGTAIL = "wagtailcache.cache.{}CacheMiddleware"
_DJANGO = "django.middleware.cache.{}CacheMiddleware"


def _backend(name: str, location: str = "") -> dict[str, Any]:
    path = f"django.core.cache.backends.{name}"
    return {"default": {"BACKEND": path, "LOCATION": location, "TIMEOUT": 3600}}


_LOCMEM = _backend("locmem.LocMemCache")


def _django(name: str, title: str, caches: dict[str, Any], **more: Any) -> Case:
    """Django's cache middleware."""
    around = {"outermost": (_DJANGO.format("Update"),), "innermost": (_DJANGO.format("FetchFrom"),)}
    title = f"Django's cache middleware, {title}"
    return Case(f"django-{name}", title, caches=caches, **around, **more)


def _ours(name: str, title: str, **more: Any) -> Case:
    """Freshpage; unless told otherwise it sends the same bytes as the others."""
    settings = {"ENCODINGS": [], "DEFAULT_TTL": 3600, **more.pop("settings")}
    hit = ("Cache-Status", "freshpage; hit")
    return Case(f"freshpage-{name}", f"freshpage, {title}", freshpage=settings, hit=hit, **more)


def _front(name: str, title: str) -> Case:
    return Case(name, title, front=name, needs=(name,), hit=("X-Cache", "HIT"))


ALL = (
    Case(FLOOR, "a constant (the floor)", trivial=True),
    Case(FIELDS, "a constant with the page's fields", trivial=True),
    Case("no-cache", "Django without a cache", cached=False),
    _django("locmem", "LocMem", _LOCMEM),
    _django("redis", "Redis", _backend("redis.RedisCache", _REDIS), needs=("redis",)),
    _django("file", "files", _backend("filebased.FileBasedCache", f"{_DIRECTORY}/files")),
    _django("database", "SQLite", _backend("db.DatabaseCache", "pages"), prepared=True),
    Case(
        "django-cms",
        "django-cms's page cache, LocMem",
        caches=_LOCMEM,
        cms=True,
        prepared=True,
    ),
    Case(
        "wagtail-cache",
        "wagtail-cache, LocMem",
        outermost=(_WAGTAIL.format("Update"),),
        innermost=(_WAGTAIL.format("FetchFrom"),),
        caches=_LOCMEM,
        hit=("X-Wagtail-Cache", "hit"),
    ),
    _ours("memory", "memory", settings={"STORE": "memory"}),
    _ours("sqlite", "SQLite", settings={"STORE": "sqlite"}),
    _ours("redis", "Redis", settings={"STORE": _REDIS}, needs=("redis",)),
    _ours(
        "compressed",
        "memory, compressed",
        settings={"STORE": "memory", "ENCODINGS": ["br", "zstd", "gzip"]},
        compressed=True,
    ),
    _ours(
        "sqlite-only",
        "SQLite without a memory tier",
        settings={"STORE": "sqlite", "MEMORY_BYTES": 0},
    ),
    _ours(
        "redis-only",
        "Redis without a memory tier",
        settings={"STORE": _REDIS, "MEMORY_BYTES": 0},
        needs=("redis",),
    ),
    _front(VARNISH, "Varnish before it"),
    _front("nginx", "nginx before it"),
)
CASES = {case.name: case for case in ALL}
QUICK = (
    FLOOR,
    FIELDS,
    DJANGO,
    "freshpage-memory",
    "freshpage-sqlite",
    "freshpage-compressed",
    VARNISH,
)
