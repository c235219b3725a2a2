"""Putting the watchers into Django, once a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware

from freshpage.http.vary import vary_names
from freshpage.tracking.record import current
from freshpage.tracking.request_reads import watch, watch_sessions

# What these add to Vary stands for a read that is noted by itself.
_EXPLAINED = (
    (SessionMiddleware, "cookie"),
    (CsrfViewMiddleware, "cookie"),
    (LocaleMiddleware, "accept-language"),
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
    for middleware, name in _EXPLAINED:
        middleware.process_response = _explaining(  # type: ignore[method-assign]
            middleware.process_response, name
        )


def _watch_handlers() -> None:
    get_response, get_response_async = BaseHandler.get_response, BaseHandler.get_response_async

    @wraps(get_response)
    def watched(self: BaseHandler, request: Any) -> Any:
        record = current()
        if record is not None:
            watch(request, record)
        return get_response(self, request)

    @wraps(get_response_async)
    async def watched_async(self: BaseHandler, request: Any) -> Any:
        record = current()
        if record is not None:
            watch(request, record)
        return await get_response_async(self, request)

    BaseHandler.get_response = watched  # type: ignore[method-assign]
    BaseHandler.get_response_async = watched_async  # type: ignore[method-assign]


def _explaining(process_response: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Note that a field came into Vary by this middleware, and by nothing below it."""

    @wraps(process_response)
    def explained(self: Any, request: Any, response: HttpResponseBase) -> Any:
        record = current()
        before = _varies(response, name)
        processed = process_response(self, request, response)
        if record is not None and not before and _varies(processed, name):
            record.explained.add(name)
        return processed

    return explained


def _varies(response: HttpResponseBase, name: str) -> bool:
    names = vary_names(tuple(response.items()))
    return names is None or name in names
