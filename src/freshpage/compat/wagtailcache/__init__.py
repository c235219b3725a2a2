"""wagtail-cache, same names, settings and hooks, on freshpage's rules.

An app; its names are in :mod:`freshpage.compat.wagtailcache.cache`, and here as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freshpage.compat.wagtailcache.cache import (
        CacheControl,
        FetchFromCacheMiddleware,
        Status,
        UpdateCacheMiddleware,
        WagtailCacheMixin,
        cache_page,
        clear_cache,
        nocache_page,
    )

__all__ = [
    "CacheControl",
    "FetchFromCacheMiddleware",
    "Status",
    "UpdateCacheMiddleware",
    "WagtailCacheMixin",
    "cache_page",
    "clear_cache",
    "nocache_page",
]


def __getattr__(name: str) -> Any:
    # late: Django imports this package before it has its apps
    if name in __all__:
        return getattr(import_module("freshpage.compat.wagtailcache.cache"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
