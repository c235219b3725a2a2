"""wagtail-cache's middleware, decorators and mixin."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from wagtail import hooks

from freshpage.compat import django as originals
from freshpage.compat.page import Page, serve_alias
from freshpage.compat.terms import Terms
from freshpage.compat.wagtailcache.asked import is_logged_in, leave_out_ignored
from freshpage.compat.wagtailcache.patterns import beginning_of
from freshpage.compat.wagtailcache.settings import wagtailcache_settings
from freshpage.declaring import private
from freshpage.headers import has_vary_header
from freshpage.invalidating import purge
from freshpage.request import COOKIE, HEADER

View = TypeVar("View", bound=Callable[..., Any])

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


class CacheControl(Enum):
    """What is written into ``Cache-Control``."""

    NOCACHE = "no-cache"
    PRIVATE = "private"


class Status(Enum):
    """What stands in the header that WAGTAIL_CACHE_HEADER names."""

    ERROR = "err"
    HIT = "hit"
    MISS = "miss"
    SKIP = "skip"


_STATUS = "_freshpage_wagtailcache"  # of a request: what is known of its answer


class _Wagtails:
    """What both halves take from wagtail-cache's settings."""

    cache_alias: str
    key_prefix: str

    def _set_up(self) -> None:
        self.cache_alias = wagtailcache_settings.WAGTAIL_CACHE_BACKEND
        self.key_prefix = ""
        serve_alias(self.cache_alias)

    def _slot(self) -> object:
        return "wagtailcache"


class FetchFromCacheMiddleware(_Wagtails, originals.FetchFromCacheMiddleware):
    """The half that looks pages up: last in MIDDLEWARE."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._set_up()

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """The page from the cache; None: it must be rendered."""
        if not wagtailcache_settings.WAGTAIL_CACHE:
            return None
        page = self._page(request)
        if not self._is_cacheable(request, page):
            setattr(request, _STATUS, Status.SKIP)
            page.record.refuse("is-request-cacheable")
            return None
        response = originals.FetchFromCacheMiddleware.process_request(self, request)
        if response is not None:
            setattr(request, _STATUS, Status.HIT)
        return response

    def _is_cacheable(self, request: HttpRequest, page: Page) -> bool:
        if page.door is not None:
            # the door is to ask us too, where somebody may have logged in
            page.record.vary(COOKIE + settings.SESSION_COOKIE_NAME)
        decision = (
            request.method in ("GET", "HEAD")
            and not getattr(request, "is_preview", False)
            and not is_logged_in(request)
        )
        return _decided("is_request_cacheable", request, decision)


class UpdateCacheMiddleware(_Wagtails, originals.UpdateCacheMiddleware):
    """The half that keeps pages: first in MIDDLEWARE, so that it sees them last."""

    statuses = (200, 301, 302, 404)

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._set_up()
        timeout = caches[self.cache_alias].default_timeout
        if timeout is not None:
            self.cache_timeout = timeout

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Note where the invalidations stand, and leave out parameters that no page reads."""
        if wagtailcache_settings.WAGTAIL_CACHE:
            originals.UpdateCacheMiddleware.process_request(self, request)
            if request.method in ("GET", "HEAD") and self._page(request).door is None:
                leave_out_ignored(request)
        return None

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Keep a page, where it may be kept, and say what became of it."""
        if not getattr(response, "is_rendered", True):
            return super().process_response(request, response)
        if not wagtailcache_settings.WAGTAIL_CACHE:
            self._part_with_page(request)
            return response
        response = super().process_response(request, response)
        status = getattr(request, _STATUS, None)
        if status is not None:
            _tell(response, status)
        return response

    def _update(self, page: Page, request: HttpRequest, response: HttpResponse) -> None:
        terms = self._terms(response)
        if not _decided("is_response_cacheable", response, not terms.refusal):
            page.record.refuse("is-response-cacheable")
            terms = Terms(terms.refusal or "is-response-cacheable")
        if terms.refusal:
            page.finish(request, response, terms)
            setattr(request, _STATUS, Status.SKIP)
            return
        ignores = wagtailcache_settings.WAGTAIL_CACHE_IGNORE_COOKIES
        if not ignores and has_vary_header(response, "Cookie"):
            page.record.vary(HEADER + "cookie")
        self._keep(page, request, response, terms)
        if page.refusal:
            failed = page.refusal == "store-unavailable"
            setattr(request, _STATUS, Status.ERROR if failed else Status.SKIP)
        elif page.door is None:
            setattr(request, _STATUS, Status.MISS)


class _CacheMiddleware(UpdateCacheMiddleware, FetchFromCacheMiddleware):
    """Both halves, at a single view."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """The page from the cache; None: it must be rendered."""
        UpdateCacheMiddleware.process_request(self, request)
        return FetchFromCacheMiddleware.process_request(self, request)

    def _slot(self) -> object:
        return self


def _decided(hook: str, about: Any, decision: bool) -> bool:
    """A decision, after the site's hooks had their say."""
    for function in hooks.get_hooks(hook):
        said = function(about, decision)
        if isinstance(said, bool):
            decision = said
    return decision


def _tell(response: HttpResponseBase, status: Status) -> None:
    if status is Status.SKIP and not response.get("Cache-Control"):
        response.headers["Cache-Control"] = CacheControl.NOCACHE.value
    name = wagtailcache_settings.WAGTAIL_CACHE_HEADER
    if name:
        response.headers[name] = status.value


def cache_page(view_func: View) -> View:
    """Keep a view's pages, or serve them from the cache."""
    serve_alias(wagtailcache_settings.WAGTAIL_CACHE_BACKEND)

    @wraps(view_func)
    def cached(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        def ask(asked: HttpRequest) -> Any:
            return view_func(asked, *args, **kwargs)

        if iscoroutinefunction(view_func):
            markcoroutinefunction(ask)
        middleware: Any = _CacheMiddleware(ask)
        return middleware(request)

    if iscoroutinefunction(view_func):
        markcoroutinefunction(cached)
    return cast(View, cached)


def nocache_page(view_func: View) -> View:
    """Never keep a view's pages."""

    def told(response: HttpResponseBase) -> HttpResponseBase:
        if wagtailcache_settings.WAGTAIL_CACHE:
            private("never-cache")
            _tell(response, Status.SKIP)
        return response

    if iscoroutinefunction(view_func):

        @wraps(view_func)
        async def uncached_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return told(await view_func(request, *args, **kwargs))

        return cast(View, uncached_async)

    @wraps(view_func)
    def uncached(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return told(view_func(request, *args, **kwargs))

    return cast(View, uncached)


def clear_cache(urls: Iterable[str] = ()) -> None:
    """Drop pages; inside a transaction, once it commits.

    :param urls: regular expressions, matched with the beginnings of absolute URLs; none: all.
    """
    if not wagtailcache_settings.WAGTAIL_CACHE:
        return
    serve_alias(wagtailcache_settings.WAGTAIL_CACHE_BACKEND)
    beginnings = {beginning_of(pattern) for pattern in urls} or {None}
    if None in beginnings:
        purge(everything=True)
        return
    for beginning in beginnings:
        purge(prefix=beginning)


class WagtailCacheMixin:
    """For page models: ``cache_control``, and what is not for everybody is private.

    ``cache_control``: a text, or a method that gives one, for the header of that name.
    """

    def serve_password_required_response(
        self, request: HttpRequest, form: Any, action_url: str
    ) -> HttpResponseBase:
        """The form that asks for the password."""
        response = super().serve_password_required_response(request, form, action_url)  # type: ignore[misc]
        response["Cache-Control"] = CacheControl.PRIVATE.value
        return cast(HttpResponseBase, response)

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page."""
        response = super().serve(request, *args, **kwargs)  # type: ignore[misc]
        if self.get_view_restrictions():  # type: ignore[attr-defined]
            response["Cache-Control"] = CacheControl.PRIVATE.value
        elif hasattr(self, "cache_control"):
            said = self.cache_control
            response["Cache-Control"] = said() if callable(said) else said
        return cast(HttpResponseBase, response)
