"""A site of one view, with its pages kept in any of the ways there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.urls import re_path

from freshpage import asgi, wsgi
from freshpage.compat.django import cache_page
from freshpage.compat.wagtailcache import cache as wagtailcache

DROP_INS = ("pair", "pair-async", "single", "single-async", "cache_page", "cache_page-async")
WAGTAILS = ("wagtailcache", "wagtailcache-async", "wagtail_page", "wagtail_page-async")
DOORS = ("wsgi", "asgi", "middleware", "middleware-async")

_ABOVE = {
    "pair": ("freshpage.compat.django.UpdateCacheMiddleware",),
    "single": ("freshpage.compat.django.CacheMiddleware",),
    "wagtailcache": ("freshpage.compat.wagtailcache.cache.UpdateCacheMiddleware",),
    "middleware": ("freshpage.middleware.PageCacheMiddleware",),
}
_BELOW = {
    "pair": ("freshpage.compat.django.FetchFromCacheMiddleware",),
    "wagtailcache": ("freshpage.compat.wagtailcache.cache.FetchFromCacheMiddleware",),
}


class Site:
    """A site that shows one view at every path, and somebody who visits it.

    :param view: what is shown; ``renders`` counts how often.
    :param way: one of DROP_INS, WAGTAILS or DOORS.
    :param middleware: what stands below the cache of the site, and above cache_page.
    :param timeout: and ``arguments``: of cache_page.
    """

    def __init__(
        self,
        settings: Any,
        view: Callable[..., Any],
        way: str,
        *,
        middleware: tuple[str, ...] = (),
        timeout: float | None = 600,
        **arguments: Any,
    ) -> None:
        self.renders = 0
        self._view = view
        how, _, mode = way.partition("-")
        self._is_async = mode == "async" or how == "asgi"
        shown: Callable[..., Any] = self._show
        if how == "cache_page":
            shown = sync_to_async(shown) if self._is_async else shown
            shown = cache_page(timeout, **arguments)(shown)
        elif how == "wagtail_page":
            shown = wagtailcache.cache_page(sync_to_async(shown) if self._is_async else shown)
        settings.MIDDLEWARE = [*_ABOVE.get(how, ()), *middleware, *_BELOW.get(how, ())]
        settings.ROOT_URLCONF = (re_path("", shown),)
        application: Any = ASGIHandler() if self._is_async else WSGIHandler()
        door = {"wsgi": wsgi.PageCache, "asgi": asgi.PageCache}.get(how)
        self._application = application if door is None else door(application)

    def _show(self, request: Any) -> Any:
        self.renders += 1
        return self._view(request)

    def ask(
        self, path: str = "/page/", method: str = "GET", host: str = "testserver", **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx.Request(method, f"http://{host}{path}", headers=named)
        if self._is_async:
            return asyncio.run(self._ask_async(request))
        response = httpx.WSGITransport(app=self._application).handle_request(request)
        response.read()
        return response

    async def _ask_async(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._application)
        response = await transport.handle_async_request(request)
        await response.aread()
        return response


MakeSite = Callable[..., Site]


def site_maker(settings: Any) -> MakeSite:
    """Makes sites under these Django settings."""
    return partial(Site, settings)
