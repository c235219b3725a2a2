"""A request as the engine sees it: plain values, whatever door it came through."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from operator import attrgetter, methodcaller
from typing import Protocol
from urllib.parse import parse_qsl

from freshpage.http.fields import Headers
from freshpage.http.vary import normalise
from freshpage.key import Part, encode

# A header in Vary is compared as RFC 9111 §4.1 allows, one that was read to the letter.
VARY, HEADER, COOKIE, QUERY = "vary:", "header:", "cookie:", "query:"
WHOLE_QUERY = "query"
META = "meta:"
LANGUAGE, TIMEZONE = "language", "timezone"

# What a look-up asks of a request's fields, beside the axes: conditions, a part of the whole,
# a body, credentials, wishes. A request without any of them is a plain one.
CONSULTED = frozenset(
    {
        "authorization",
        "cache-control",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "pragma",
        "range",
        "transfer-encoding",
    }
)


class Request(Protocol):
    """What a front door tells the engine of one request.

    ``host`` is None when Django would refuse it. ``path`` is percent-decoded, as the
    application sees it, ``script`` the mount point before it. ``named`` holds axes that
    only the door can value, such as "language".

    ``identity``: of two plain requests that have the same, a look-up learns the same, but
    for the axes: their method, scheme, host, script, path, and whether they have a body.
    None: the request is not plain, or its door does not say.
    """

    identity: Hashable

    method: str
    scheme: str
    host: str | None
    script: str
    path: str
    query: str

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent.

        :param name: in lower case.
        """

    def headers(self) -> Headers:
        """Every field."""

    def has_body(self) -> bool:
        """Whether a body was sent."""

    def named(self, axis: str) -> Part:
        """The value of an axis that is not a header, cookie or query parameter."""


def axis_value(request: Request, axis: str) -> Part:
    """What a request has for one axis; None: absent."""
    return reader(axis)(request)


@lru_cache(maxsize=4096)
def reader(axis: str) -> Callable[[Request], Part]:
    """What finds a request's value for one axis."""
    name = axis.partition(":")[2]
    if axis == WHOLE_QUERY:
        return attrgetter("query")
    if axis.startswith(HEADER):
        return methodcaller("header", name)
    if axis.startswith(VARY):
        return lambda request: normalise(name, request.header(name))
    if axis.startswith(COOKIE):
        return lambda request: cookie(request.header("cookie"), name)
    if axis.startswith(QUERY):
        return lambda request: _parameter(request.query, name)
    return methodcaller("named", axis)


def _parameter(query: str, name: str) -> Part:
    pairs = parse_qsl(query, keep_blank_values=True)
    values = [value for key, value in pairs if key == name]
    return encode(values).decode("utf-8", "surrogatepass") if values else None


def cookie(header: str | None, name: str) -> str | None:
    """The value of one cookie in a Cookie field; None when it is absent."""
    # most visitors have cookies, and few of them the one that is looked for
    return cookies(header).get(name) if header is not None and name in header else None


def cookies(header: str | None) -> Mapping[str, str]:
    """A Cookie field's pairs as sent; for a name that comes twice the last, as Django has it."""
    found: dict[str, str] = {}
    for pair in (header or "").split(";"):
        name, equals, value = pair.partition("=")
        name, value = (name.strip(), value.strip()) if equals else ("", name.strip())
        if name or value:
            found[name] = value
    return found


def vary_of(axes: Iterable[str]) -> list[str]:
    """The fields that Vary must name for caches that know only whole fields."""
    names: dict[str, None] = {}
    for axis in axes:
        if axis.startswith((HEADER, VARY)):
            names[axis.partition(":")[2].title()] = None
        elif axis.startswith(COOKIE):
            names["Cookie"] = None
        elif axis == LANGUAGE:
            names |= dict.fromkeys(("Accept-Language", "Cookie"))
    return list(names)
