"""A request as the engine sees it: plain values, whatever door it came through."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Protocol
from urllib.parse import parse_qsl

from freshpage.http.encodings import preferred
from freshpage.http.fields import Headers
from freshpage.http.vary import normalise
from freshpage.key import Part, encode

# A header in Vary is compared as RFC 9111 §4.1 allows, one that was read to the letter.
VARY, HEADER, COOKIE, QUERY = "vary:", "header:", "cookie:", "query:"
WHOLE_QUERY, ANY_QUERY = "query", "any-query"
META = "meta:"
FLAT = "flat"  # the same for all
# Questions a page asks of a field, and the fields: many spellings, few answers.
LANGUAGE, TIMEZONE = "language", "timezone"
PREFERRED_TYPE = "preferred-type:"
CODING = "coding:"  # which of these the visitor is sent
TAKES_GZIP, TURNED_AWAY, INTERNAL = "takes-gzip", "turned-away", "internal"
_ASKED = {
    LANGUAGE: ("Accept-Language", "Cookie"),
    TAKES_GZIP: ("Accept-Encoding",),
    TURNED_AWAY: ("User-Agent",),
}

# What a look-up asks of a request's fields, beside the axes: conditions, a part of the whole,
# a body, credentials, wishes. A request without any of them is a plain one.
CONSULTED = frozenset(
    {
        "authorization",
        "cache-control",
        "content-type",
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


Parameters = Mapping[str, list[str]]


class Request(Protocol):
    """What a front door tells the engine of one request.

    ``host`` is None when Django would refuse it. ``path`` is percent-decoded, as the
    application sees it, ``script`` the mount point before it. ``named`` holds axes that
    only the door can value, such as "language".

    ``identity``: of two plain requests that have the same, a look-up learns the same, but
    for the axes: their method, scheme, host, script, path, and whether they have a body.
    None: the request is not plain, or its door does not say.
    """

    @property
    def identity(self) -> Hashable: ...
    @property
    def method(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    @property
    def host(self) -> str | None: ...
    @property
    def script(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...

    def header(self, name: str) -> str | None:
        """A field's lines joined with a comma; None when it is absent.

        :param name: in lower case.
        """

    def headers(self) -> Headers:
        """Every field."""

    def cookie(self, name: str) -> str | None:
        """A cookie, as the application sees it; None when it is absent."""

    def parameters(self) -> Parameters | None:
        """The query's parameters, as the application sees them; None: too many to look at."""

    def has_body(self) -> bool:
        """Whether a body was sent."""

    def named(self, axis: str) -> Part:
        """The value of an axis that is not a header, cookie or query parameter."""


def axis_value(request: Request, axis: str) -> Part:
    """What a request has for one axis; None: absent."""
    return reader(axis)(request)


@lru_cache(maxsize=4096)
def reader(axis: str) -> Callable[[Request], Part]:
    """What finds a request's value for one axis.

    Lambdas: on the way of a hot hit a methodcaller takes a thousand instructions more.
    """
    name = axis.partition(":")[2]
    if axis == WHOLE_QUERY:
        return attrgetter("query")
    if axis.startswith(HEADER):
        return lambda request: request.header(name)
    if axis.startswith(VARY):
        return lambda request: normalise(name, request.header(name))
    if axis.startswith(COOKIE):
        return lambda request: request.cookie(name)
    if axis.startswith(QUERY):
        return lambda request: _parameter(request, name)
    if axis.startswith(CODING):
        offered = tuple(name.split(","))
        return lambda request: preferred(request.header("accept-encoding"), offered)
    if axis == ANY_QUERY:
        return lambda request: None if request.parameters() == {} else ""
    if axis == FLAT:
        return lambda request: None
    return lambda request: request.named(axis)


def _parameter(request: Request, name: str) -> Part:
    found = request.parameters()
    values = found.get(name) if found is not None else [None, request.query]
    return encode(values).decode("utf-8", "surrogatepass") if values else None


def cookie(field: str, name: str) -> str | None:
    """The value of one cookie in a Cookie field; None when it is absent."""
    # most visitors have cookies, and few of them the one that is looked for
    return cookies(field).get(name) if name in field else None


def cookies(field: str) -> dict[str, str]:
    """A Cookie field's pairs as sent; for a name that comes twice the last, as Django has it."""
    found: dict[str, str] = {}
    for pair in field.split(";"):
        name, equals, value = pair.partition("=")
        name, value = (name.strip(), value.strip()) if equals else ("", name.strip())
        if name or value:
            found[name] = value
    return found


def parameters(query: str, most: int | None = None) -> Parameters | None:
    """A query string's parameters, as Django's QueryDict has them.

    :param most: more than these it refuses to look at.
    """
    found: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=most):
            found.setdefault(name, []).append(value)
    except ValueError:
        return None
    return found


def vary_of(axes: Iterable[str]) -> list[str]:
    """The fields that Vary must name for caches that know only whole fields."""
    names: dict[str, None] = {}
    for axis in axes:
        if axis.startswith((HEADER, VARY)):
            names[axis.partition(":")[2].title()] = None
        elif axis.startswith(COOKIE):
            names["Cookie"] = None
        elif axis.startswith(PREFERRED_TYPE):
            names["Accept"] = None
        else:
            names |= dict.fromkeys(_ASKED.get(axis, ()))
    names.pop("Host", None)  # in every cache's key (RFC 9111 §2)
    return list(names)
