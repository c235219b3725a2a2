"""Asking for the pages below a page, without asking how many there are.

The tree asks its own count first, to save a query where there are none. A page that only
looks for one page below another would then be dropped whenever a third one comes or goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from wagtail.models import Page

from freshpage.tracking.record import current


class _Now(threading.local):
    asks_below = False


_now = _Now()


def install() -> None:
    """Have the count left alone within renders, where it is only asked to save a query."""
    is_leaf = Page.is_leaf

    @wraps(is_leaf)
    def is_leaf_seen(self: Any) -> bool:
        return not _now.asks_below and bool(is_leaf(self))

    Page.is_leaf = is_leaf_seen
    for name in ("get_children", "get_descendants"):
        setattr(Page, name, _without_count(getattr(Page, name)))


def _without_count(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def below(self: Any, *args: Any, **options: Any) -> Any:
        before, _now.asks_below = _now.asks_below, current() is not None
        try:
            return method(self, *args, **options)
        finally:
            _now.asks_below = before

    return below
