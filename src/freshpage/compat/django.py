"""Django's cache middleware and ``cache_page``, same names, arguments and settings.

Headers are patched as Django's originals do; what may be kept, under which key and until
when is freshpage's to say. Behind a front door the page is the door's to keep: these then
only say how long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import partial, wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import apps
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from freshpage.compat.page import Page, serve_alias, targets
from freshpage.compat.terms import Terms, terms_of
from freshpage.headers import (
    get_conditional_response,
    patch_response_headers,
    patch_vary_headers,
)
from freshpage.http.cache_control import CacheControl
from freshpage.http.dates import parse_http_date
from freshpage.http.invalidation import is_unsafe
from freshpage.tracking.record import Record, recording
from freshpage.tracking.request_reads import watch

View = TypeVar("View", bound=Callable[..., Any])

__all__ = ["CacheMiddleware", "FetchFromCacheMiddleware", "UpdateCacheMiddleware", "cache_page"]


class _Halves(MiddlewareMixin):
    """What the two halves of the cache middleware share."""

    cache_alias: str
    key_prefix: str

    @property
    def cache(self) -> BaseCache:
        """The Django cache the pages are in; one for each thread."""
        return caches[self.cache_alias]

    def _slot(self) -> object:
        """Under what a request has its page: one for a pair, which are two objects."""
        return "pair"

    def _page(self, request: HttpRequest) -> Page:
        pages = request.__dict__.setdefault("_freshpage_pages", {})
        slot = self._slot()
        if slot not in pages:
            pages[slot] = Page(self.cache_alias, self.key_prefix)
        return cast(Page, pages[slot])

    def _part_with_page(self, request: HttpRequest) -> Page:
        page = self._page(request)
        del request.__dict__["_freshpage_pages"][self._slot()]
        return page


class UpdateCacheMiddleware(_Halves):
    """The half that keeps pages: first in MIDDLEWARE, so that it sees them last."""

    statuses: Collection[int] = (200,)  # that are kept

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(self._recorded(get_response))
        self.cache_timeout: float = settings.CACHE_MIDDLEWARE_SECONDS
        self.page_timeout: float | None = None
        self.key_prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX
        self.cache_alias = settings.CACHE_MIDDLEWARE_ALIAS

    def _recorded(self, get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
        """What is rendered below, with its page's record open."""
        if iscoroutinefunction(get_response):

            @wraps(get_response, updated=())
            async def render_async(request: HttpRequest) -> Any:
                record = self._watching(request)
                with recording(record):
                    response = await get_response(request)
                return _rendered_later(response, record)

            return render_async

        @wraps(get_response, updated=())
        def render(request: HttpRequest) -> Any:
            record = self._watching(request)
            with recording(record):
                response = get_response(request)
            return _rendered_later(response, record)

        return render

    def _watching(self, request: HttpRequest) -> Record:
        page = self._page(request)
        if page.door is None and apps.is_installed("freshpage"):
            watch(request, page.record)
        return page.record

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """Note where the invalidations stand, before anything is read."""
        serve_alias(self.cache_alias)
        if request.method in ("GET", "HEAD"):
            self._page(request).begin()
        return None

    def _should_update_cache(self, request: HttpRequest, response: HttpResponseBase) -> bool:
        return bool(getattr(request, "_cache_update_cache", False))

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Patch the headers of a page and keep it, where it may be kept."""
        if not getattr(response, "is_rendered", True):
            response.add_post_render_callback(partial(self.process_response, request))
            return response
        page = self._part_with_page(request)
        if self._should_update_cache(request, response):
            self._update(page, request, response)
        elif is_unsafe(request.method or "GET"):
            page.outdate(request, response)
        return response

    def _terms(self, response: HttpResponse) -> Terms:
        return terms_of(
            response,
            page_timeout=self.page_timeout,
            default=self.cache_timeout,
            targets=targets(),
            now=time.time(),
            statuses=self.statuses,
        )

    def _update(self, page: Page, request: HttpRequest, response: HttpResponse) -> None:
        self._keep(page, request, response, self._terms(response))

    def _keep(self, page: Page, request: HttpRequest, response: HttpResponse, terms: Terms) -> None:
        if terms.max_age is not None:
            shared = CacheControl.parse((response.get("Cache-Control", ""),)).public
            patch_response_headers(response, terms.max_age)
            # Django's reading of RFC 9111 §3.5: nothing but "public" shares such a page
            if dict.get(request.META, "HTTP_AUTHORIZATION") and not shared:
                patch_vary_headers(response, ("Authorization",))
        page.finish(request, response, terms)


class FetchFromCacheMiddleware(_Halves):
    """The half that looks pages up: last in MIDDLEWARE."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self.key_prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX
        self.cache_alias = settings.CACHE_MIDDLEWARE_ALIAS

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        """The page from the cache; None: it must be rendered."""
        state: Any = request
        state._cache_update_cache = request.method in ("GET", "HEAD")
        if not state._cache_update_cache:
            return None
        response = self._page(request).look_up(request)
        if response is None:
            return None
        state._cache_update_cache = False
        return _on_the_visitors_conditions(request, response)


class CacheMiddleware(UpdateCacheMiddleware, FetchFromCacheMiddleware):
    """Both halves in one, for simple sites and for single views.

    :param cache_timeout: seconds for a page that does not say; None: CACHE_MIDDLEWARE_SECONDS.
    :param page_timeout: seconds for the page, whatever it says.
    :param key_prefix: sets an area of the cache apart; None is none.
    :param cache_alias: of the cache; None is the default one.
    """

    def __init__(
        self,
        get_response: Callable[[HttpRequest], Any],
        cache_timeout: float | None = None,
        page_timeout: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(get_response)
        if "key_prefix" in kwargs:
            self.key_prefix = kwargs["key_prefix"] or ""
        if "cache_alias" in kwargs:
            self.cache_alias = kwargs["cache_alias"] or DEFAULT_CACHE_ALIAS
        if cache_timeout is not None:
            self.cache_timeout = cache_timeout
        self.page_timeout = page_timeout
        serve_alias(self.cache_alias)

    process_request = FetchFromCacheMiddleware.process_request

    def _slot(self) -> object:
        return self


def cache_page(
    timeout: float | None, *, cache: str | None = None, key_prefix: str | None = None
) -> Callable[[View], View]:
    """Keep a view's page in a Django cache.

    :param timeout: seconds, whatever the page says; None: what it says.
    :param cache: the cache's alias; None: the default one.
    :param key_prefix: sets an area of the cache apart.
    """
    serve_alias(cache or DEFAULT_CACHE_ALIAS)

    def decorate(view: View) -> View:
        @wraps(view)
        def cached(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            def ask(asked: HttpRequest) -> Any:
                return view(asked, *args, **kwargs)

            middleware: Any = CacheMiddleware(
                markcoroutinefunction(ask) if iscoroutinefunction(view) else ask,
                page_timeout=timeout,
                cache_alias=cache,
                key_prefix=key_prefix,
            )
            return middleware(request)

        if iscoroutinefunction(view):
            markcoroutinefunction(cached)
        return cast(View, cached)

    return decorate


def _on_the_visitors_conditions(
    request: HttpRequest, response: HttpResponse
) -> HttpResponse | None:
    modified = response.get("Last-Modified")
    answer = get_conditional_response(
        request,
        etag=response.get("ETag"),
        last_modified=None if modified is None else parse_http_date(modified, time.time()),
        response=response,
    )
    if answer is not None and answer is not response:
        for name in ("Age", "Cache-Status"):
            if name in response:
                answer.headers[name] = response.headers[name]
    return answer


def _rendered_later(response: Any, record: Record) -> Any:
    """A template response is rendered when its view has returned: record that as well."""
    if not getattr(response, "is_rendered", True):
        render = response.render

        def recorded() -> Any:
            with recording(record):
                return render()

        response.render = recorded
    return response
