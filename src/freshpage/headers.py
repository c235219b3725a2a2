"""Django's header helpers (``django.utils.cache``), same names and meaning, on RFC rules.

What a view wrote into a header never raises here: a number that can't be read restricts.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterable
from hashlib import md5
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.log import log_response
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from freshpage.http import conditional
from freshpage.http.cache_control import CacheControl, parse_delta
from freshpage.http.dates import format_http_date
from freshpage.http.fields import is_token, list_members

_CONDITIONS = {
    "if-match": "HTTP_IF_MATCH",
    "if-unmodified-since": "HTTP_IF_UNMODIFIED_SINCE",
    "if-none-match": "HTTP_IF_NONE_MATCH",
    "if-modified-since": "HTTP_IF_MODIFIED_SINCE",
}
# RFC 9110 §15.4.5, and Last-Modified
_NOT_MODIFIED = (
    "Cache-Control",
    "Content-Location",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Vary",
)


# -- Cache-Control and Expires ---------------------------------------------------------


def patch_response_headers(response: HttpResponseBase, cache_timeout: float | None = None) -> None:
    """Add Expires, and max-age to Cache-Control, each unless something shorter is there.

    :param cache_timeout: seconds; None: CACHE_MIDDLEWARE_SECONDS; negative: 0.
    """
    if cache_timeout is None:
        cache_timeout = settings.CACHE_MIDDLEWARE_SECONDS
    seconds = max(0, int(cache_timeout))
    if not response.has_header("Expires"):
        response.headers["Expires"] = format_http_date(time.time() + seconds)
    patch_cache_control(response, max_age=seconds)


def add_never_cache_headers(response: HttpResponseBase) -> None:
    """Say that a response is never to be cached."""
    patch_response_headers(response, cache_timeout=-1)
    patch_cache_control(response, no_cache=True, no_store=True, must_revalidate=True, private=True)


def patch_cache_control(response: HttpResponseBase, **kwargs: Any) -> None:
    """Add directives to Cache-Control.

    Underscores in names become hyphens; True adds the bare directive, anything else its
    text. The shorter of two max-ages stays (one that can't be read counts as 0, RFC 9111
    §4.2.1); ``public`` and ``private`` replace each other; field names of ``no-cache``
    add up, and the bare form takes their place.
    """
    given = response.get("Cache-Control", "")
    directives = _directives(given)
    added = {name.replace("_", "-").lower(): value for name, value in kwargs.items()}
    if "max-age" in added and (stated := CacheControl.parse((given,)).max_age) is not None:
        added["max-age"] = min(stated, int(added["max-age"]))
    if "private" in directives and "public" in added:
        del directives["private"]
    elif "public" in directives and "private" in added:
        del directives["public"]
    for name, value in added.items():
        text = None if value is True else str(value)
        earlier = directives.get(name, []) if name == "no-cache" else []
        directives[name] = [None] if None in (text, *earlier) else _distinct([*earlier, text])
    response.headers["Cache-Control"] = ", ".join(
        name if value is None else f"{name}={value}"
        for name, values in directives.items()
        for value in values
    )


def get_max_age(response: HttpResponseBase) -> int | None:
    """The max-age of a response in seconds; None where there is none that can be read.

    Two that differ count as 0 (RFC 9111 §4.2.1).
    """
    values = _directives(response.get("Cache-Control", "")).get("max-age", [])
    ages = {parse_delta(value or "") for value in values}
    if not ages or None in ages:
        return None
    return ages.pop() if len(ages) == 1 else 0


def _directives(value: str) -> dict[str, list[str | None]]:
    """The directives of a Cache-Control, in order, each with its distinct values; None: bare."""
    found: dict[str, list[str | None]] = {}
    for member in list_members((value,)):
        name, equals, argument = member.partition("=")
        values = found.setdefault(name.lower(), [])
        values[:] = _distinct([*values, argument if equals else None])
    return found


def _distinct(values: Iterable[str | None]) -> list[str | None]:
    return list(dict.fromkeys(values))


# -- Vary --------------------------------------------------------------------------------


def patch_vary_headers(response: HttpResponseBase, newheaders: Iterable[str]) -> None:
    """Add field names to Vary, which keeps those it has; with ``*`` it is that alone."""
    names: dict[str, str] = {}
    for given in (response.get("Vary", ""), *newheaders):
        for name in _vary_members(given):
            names.setdefault(name.lower(), name)
    if names:
        response.headers["Vary"] = "*" if "*" in names else ", ".join(names.values())


def has_vary_header(response: HttpResponseBase, header_query: str) -> bool:
    """Whether a response's Vary names a field (or ``*``)."""
    members = _vary_members(response.get("Vary", ""))
    return header_query.strip().lower() in {name.lower() for name in members}


def _vary_members(value: str) -> list[str]:
    # RFC 9110 §12.5.5: names and "*" only, so a quote hides no comma
    return [member for part in value.split(",") if (member := part.strip())]


# -- conditional requests ------------------------------------------------------------------


def get_conditional_response(
    request: HttpRequest,
    etag: str | None = None,
    last_modified: float | None = None,
    response: HttpResponse | None = None,
) -> HttpResponse | None:
    """What a request's conditions make of its response (RFC 9110 §13.2.2).

    :param etag: quoted, as in the field; None: there is no current representation to match.
    :param last_modified: seconds since 1970.
    :param response: handed back where the conditions let it pass, and when it is no 2xx.
    """
    if response is not None and not 200 <= response.status_code < 300:
        return response
    conditions = tuple(
        (name, '"none"' if etag is None and value.strip() == "*" else value)
        for name, key in _CONDITIONS.items()
        if (value := request.META.get(key)) is not None
    )
    outcome = conditional.evaluate(
        request.method or "GET",
        conditions,
        etag=etag or None,
        # unknown: as if it had just changed, so that no condition on it holds
        last_modified=math.inf if last_modified is None else last_modified,
        now=time.time(),
    )
    if outcome == HTTPStatus.PRECONDITION_FAILED:
        failed = HttpResponse(status=412)
        log_response("Precondition Failed: %s", request.path, response=failed, request=request)
        return failed
    return response if outcome == HTTPStatus.OK else _not_modified(response)


def _not_modified(response: HttpResponse | None) -> HttpResponse:
    unmodified = HttpResponseNotModified()
    if response is not None:
        for name in _NOT_MODIFIED:
            if name in response:
                unmodified.headers[name] = response.headers[name]
        unmodified.cookies = response.cookies
    return unmodified


# -- keys in a Django cache ------------------------------------------------------------------


def get_cache_key(
    request: HttpRequest,
    key_prefix: str | None = None,
    method: str = "GET",
    cache: BaseCache | None = None,
) -> str | None:
    """The key of a request's page, as learnt earlier; None: nothing is known of its URL.

    :raises DisallowedHost: for a host Django refuses.
    """
    key_prefix, cache = _where(key_prefix, cache)
    names = cache.get(_names_key(request, key_prefix))
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return _page_key(request, method, names, key_prefix)


def learn_cache_key(
    request: HttpRequest,
    response: HttpResponseBase,
    cache_timeout: float | None = None,
    key_prefix: str | None = None,
    cache: BaseCache | None = None,
) -> str:
    """Keep which fields a response varies on (their names only); the key of its page.

    A response that varies on everything teaches nothing, and its key is found by nobody.

    :param cache_timeout: seconds; None: CACHE_MIDDLEWARE_SECONDS.
    :raises DisallowedHost: for a host Django refuses.
    """
    key_prefix, cache = _where(key_prefix, cache)
    if cache_timeout is None:
        cache_timeout = settings.CACHE_MIDDLEWARE_SECONDS
    method = request.method or "GET"
    varied = _vary_members(response.get("Vary", ""))
    if not all(map(is_token, varied)) or "*" in varied:
        cache.delete(_names_key(request, key_prefix))
        return _page_key(request, method, (), f"{key_prefix}.{secrets.token_hex(16)}")
    fields = {name.upper().replace("-", "_") for name in varied}
    if settings.USE_I18N:
        # the key ends in the language itself, which takes its place
        fields.discard("ACCEPT_LANGUAGE")
    names = tuple(sorted(f"HTTP_{field}" for field in fields))
    cache.set(_names_key(request, key_prefix), names, cache_timeout)
    return _page_key(request, method, names, key_prefix)


def _where(key_prefix: str | None, cache: BaseCache | None) -> tuple[str, BaseCache]:
    if key_prefix is None:
        key_prefix = settings.CACHE_MIDDLEWARE_KEY_PREFIX
    if cache is None:
        cache = caches[settings.CACHE_MIDDLEWARE_ALIAS]
    return key_prefix, cache


def _names_key(request: HttpRequest, key_prefix: str) -> str:
    return _localised(
        request, f"views.decorators.cache.cache_header.{key_prefix}.{_url_digest(request)}"
    )


def _page_key(request: HttpRequest, method: str, names: Iterable[str], key_prefix: str) -> str:
    # netstrings, and a mark that is none for an absent field; what is empty at the end is
    # left out: for the names of one page no two requests that differ read the same
    values, empties = md5(usedforsecurity=False), b""
    for name in names:
        value = request.META.get(name)
        part = b"-," if value is None else _netstring(str(value))
        if part == b"0:,":
            empties += part
        else:
            values.update(empties + part)
            empties = b""
    place = f"{key_prefix}.{method}.{_url_digest(request)}.{values.hexdigest()}"
    return _localised(request, f"views.decorators.cache.cache_page.{place}")


def _netstring(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"%d:%b," % (len(raw), raw)


def _url_digest(request: HttpRequest) -> str:
    return md5(request.build_absolute_uri().encode(), usedforsecurity=False).hexdigest()


def _localised(request: HttpRequest, key: str) -> str:
    if settings.USE_I18N:
        key += f".{getattr(request, 'LANGUAGE_CODE', get_language())}"
    if settings.USE_TZ:
        key += f".{get_current_timezone_name()}"
    return key
