"""What wagtail-cache looks at in a request."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty

from freshpage.compat.wagtailcache.settings import wagtailcache_settings


def is_logged_in(request: HttpRequest) -> bool:
    """Whether the visitor has logged in.

    Who brings no session has not: then the session is not looked into, for that would make
    every page one of those that are made from a session.
    """
    user: Any = request.__dict__.get("user")
    if user is None:
        return False
    unknown = isinstance(user, SimpleLazyObject) and user.__dict__.get("_wrapped") is empty
    if unknown and settings.SESSION_COOKIE_NAME not in _cookie_names(request):
        return False
    return bool(user.is_authenticated)


def _cookie_names(request: HttpRequest) -> set[str]:
    # dict.get: a watched META would note that the page reads its cookies
    sent = dict.get(request.META, "HTTP_COOKIE") or ""
    return {pair.partition("=")[0].strip() for pair in sent.split(";")}


def leave_out_ignored(request: HttpRequest) -> None:
    """Take the parameters of WAGTAIL_CACHE_IGNORE_QS out of a request's query.

    From here on nothing sees them, so nothing can differ by them.
    """
    patterns = wagtailcache_settings.WAGTAIL_CACHE_IGNORE_QS
    query: str = dict.get(request.META, "QUERY_STRING") or ""
    if not patterns or not query:
        return
    pairs = query.split("&")
    kept = [pair for pair in pairs if not _matches(patterns, unquote_plus(pair.partition("=")[0]))]
    if len(kept) < len(pairs):
        request.META["QUERY_STRING"] = "&".join(kept)
        request.__dict__.pop("GET", None)  # made from it, and remembered


def _matches(patterns: Any, name: str) -> bool:
    return any(re.match(pattern, name) for pattern in patterns)
