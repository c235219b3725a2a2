"""Putting the watchers into Django, once a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings as django_settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware

from freshpage.http.vary import vary_names
from freshpage.request import LANGUAGE
from freshpage.tracking.record import Record, current
from freshpage.tracking.request_reads import notes_of, watch
from freshpage.tracking.session_reads import watch_sessions

# What these add to Vary stands for reads that are noted by themselves.
_EXPLAINED: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (SessionMiddleware, ("cookie",)),
    (CsrfViewMiddleware, ("cookie",)),
    (LocaleMiddleware, ("accept-language", "cookie")),
    (GZipMiddleware, ("accept-encoding",)),
)

_installed = False


def install() -> None:
    """Watch requests and sessions from now on."""
    global _installed
    if _installed:
        return
    _installed = True
    _watch_handlers()
    watch_sessions()
    for middleware, names in _EXPLAINED:
        middleware.process_response = _explaining(middleware.process_response, names)
    _watch_choice_of_language()


def _watch_handlers() -> None:
    get_response, get_response_async = BaseHandler.get_response, BaseHandler.get_response_async

    @wraps(get_response)
    def watched(self: BaseHandler, request: Any) -> Any:
        _watch(request)
        return get_response(self, request)

    @wraps(get_response_async)
    async def watched_async(self: BaseHandler, request: Any) -> Any:
        _watch(request)
        return await get_response_async(self, request)

    BaseHandler.get_response = watched  # type: ignore[method-assign]
    BaseHandler.get_response_async = watched_async  # type: ignore[method-assign]


def _watch(request: HttpRequest) -> None:
    record = current()
    if record is None and request.method in ("GET", "HEAD") and not _door_comes_first():
        # a door may stand further in: it will want to know what was read on the way to it
        record = Record()
    if record is not None:
        watch(request, record)


def _door_comes_first() -> bool:
    return list(django_settings.MIDDLEWARE[:1]) == ["freshpage.middleware.PageCacheMiddleware"]


def _explaining(process_response: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Note that fields came into Vary by this middleware, and by nothing below it."""

    @wraps(process_response)
    def explained(self: Any, request: Any, response: HttpResponseBase) -> Any:
        record = current()
        before = _vary(response)
        processed = process_response(self, request, response)
        if record is not None and before is not None and _notes_sessions(request):
            added = (_vary(processed) or frozenset()) - before
            record.explained.update(added.intersection(names))
        return processed

    return explained


def _notes_sessions(request: HttpRequest) -> bool:
    """Whether this request's session, if it has one, is of a kind that is watched."""
    return isinstance(getattr(request, "session", None), SessionBase | None)


def _vary(response: HttpResponseBase) -> frozenset[str] | None:
    return vary_names(tuple(response.items()))


def _watch_choice_of_language() -> None:
    """Where i18n_patterns leave the default language without a prefix, paths alone decide:
    LocaleMiddleware asks the visitor as well, but does not listen.
    """
    process_request = LocaleMiddleware.process_request

    @wraps(process_request)
    def chosen(self: LocaleMiddleware, request: HttpRequest) -> None:
        notes = notes_of(request)
        record = None if notes is None else notes.record
        asked_before = record is None or record.varies(LANGUAGE)
        process_request(self, request)
        root: Any = django_settings.ROOT_URLCONF  # type: ignore[misc]
        urlconf = getattr(request, "urlconf", root)
        by_path, default_has_prefix = is_language_prefix_patterns_used(urlconf)
        if record is not None and not asked_before and by_path and not default_has_prefix:
            record.forget(LANGUAGE)

    LocaleMiddleware.process_request = chosen  # type: ignore[method-assign]
