"""What Wagtail makes of a few rows and keeps in Django's cache, for every page to use.

It empties these values whenever they might have changed, moving a page among others. A page
that depended on the value would end with it; what it depends on is the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, NamedTuple

from wagtail import coreutils
from wagtail.models import sites

from freshpage.tracking.cached_values import unseen
from freshpage.tracking.record import Record, current, recording

_ABSENT = object()


class MadeAnew:
    """A cache of which renders read nothing, and whose changes end no page.

    :param real: gives the cache itself.
    """

    def __init__(self, real: Callable[[], Any]) -> None:
        self._real = real

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """A value; within a render there is none."""
        return default if current() is not None else self._unseen("get", key, default, version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """Values; within a render there are none."""
        found: dict[Any, Any] = {}
        return found if current() is not None else self._unseen("get_many", keys, version)

    def set(self, key: Any, value: Any, *args: Any, **options: Any) -> None:
        """Keep a value; not within a render, for to be pickled it would be read in whole."""
        if current() is None:
            self._unseen("set", key, value, *args, **options)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real(), name)
        if not callable(found):
            return found
        return lambda *args, **options: self._unseen(name, *args, **options)

    def _unseen(self, name: str, *args: Any, **options: Any) -> Any:
        with unseen():
            return getattr(self._real(), name)(*args, **options)


class _Made(NamedTuple):
    """What was made for a render last, and the record of what it was made of."""

    render: Record
    maker: Callable[[], Any]
    value: Any
    part: Record


_made: ContextVar[_Made | None] = ContextVar("freshpage-wagtail-made", default=None)


def once_a_render(maker: Callable[[], Any]) -> Callable[[], Any]:
    """A function without arguments, called once a render, and noted wherever it is asked."""

    @wraps(maker)
    def made() -> Any:
        render = current()
        if render is None:
            return maker()
        last = _made.get()
        if last is None or last.render is not render or last.maker is not maker:
            part = render.part()
            with recording(part):
                last = _Made(render, maker, maker(), part)
            _made.set(last)
        render.absorb(last.part)
        return last.value

    return made


def _same(cache: Any) -> Any:
    return cache


def install() -> None:
    """Have the paths of the sites' roots and the names of locales made of the data."""
    for module in (sites, coreutils):
        module.cache = MadeAnew(partial(_same, module.cache))
    paths = once_a_render(sites.Site.get_site_root_paths)
    sites.Site.get_site_root_paths = staticmethod(paths)
