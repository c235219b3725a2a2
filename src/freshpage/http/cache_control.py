"""Cache-Control of requests and responses (RFC 9111 §5.2).

What is malformed may only restrict: a number that can't be read is zero, and of a member
that is no directive only the words that forbid are heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from freshpage.http.fields import OWS, is_token, list_members, unquoted

MAX_DELTA = 2**31  # seconds; RFC 9111 §1.2.2
ANY = math.inf  # max-stale without a value

_FLAGS = {
    "public": "public",
    "no-store": "no_store",
    "must-revalidate": "must_revalidate",
    "proxy-revalidate": "proxy_revalidate",
    "must-understand": "must_understand",
    "no-transform": "no_transform",
    "only-if-cached": "only_if_cached",
    "immutable": "immutable",
}
_FORBIDDING = {"no-store", "must-revalidate", "proxy-revalidate"}
_NAMING = {"private": "private", "no-cache": "no_cache"}
_SECONDS = {
    "max-age": "max_age",
    "s-maxage": "s_maxage",
    "min-fresh": "min_fresh",
    "max-stale": "max_stale",
    "stale-while-revalidate": "stale_while_revalidate",
    "stale-if-error": "stale_if_error",
}


@dataclass(frozen=True, slots=True)
class CacheControl:
    """The directives of one message; seconds are None when the directive is absent.

    ``private`` and ``no_cache`` are the unqualified forms; the qualified ones are the
    field names, in lower case, in ``private_fields`` and ``no_cache_fields``.
    """

    public: bool = False
    private: bool = False
    private_fields: frozenset[str] = field(default=frozenset())
    no_cache: bool = False
    no_cache_fields: frozenset[str] = field(default=frozenset())
    no_store: bool = False
    must_revalidate: bool = False
    proxy_revalidate: bool = False
    must_understand: bool = False
    no_transform: bool = False
    only_if_cached: bool = False
    immutable: bool = False
    max_age: int | None = None
    s_maxage: int | None = None
    min_fresh: int | None = None
    max_stale: float | None = None
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None

    @classmethod
    def parse(cls, lines: Iterable[str]) -> CacheControl:
        """Read the lines of a field; anything is accepted."""
        directives = _Directives()
        for member in list_members(lines):
            name, equals, value = member.partition("=")
            name = name.lower()
            if is_token(name):
                directives.add(name, value if equals else None)
            else:
                directives.add_malformed(name)
        return cls(**directives.found)

    @classmethod
    def from_values(cls, directives: Iterable[tuple[str, int | str | bool | None]]) -> CacheControl:
        """From parsed pairs; None is a value of a type no directive has."""
        collected = _Directives()
        for name, value in directives:
            if value is True:
                collected.add(name, None)
            elif isinstance(value, str):
                collected.add(name, f'"{value}"' if name in _NAMING else "")
            elif value is not False:
                collected.add(name, "" if value is None else str(value))
        return cls(**collected.found)


class _Directives:
    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def add(self, name: str, value: str | None) -> None:
        if name in _FLAGS:
            self.found[_FLAGS[name]] = True
        elif name in _NAMING:
            self._add_names(_NAMING[name], value)
        elif name == "max-stale" and value is None:
            self.found["max_stale"] = ANY
        elif name in _SECONDS:
            self._add_seconds(_SECONDS[name], value or "")

    def add_malformed(self, words: str) -> None:
        """Hear a member that is no directive: "private max-age=60", "max-age =60"."""
        for word in words.split():
            if word in _FORBIDDING or word in _NAMING:
                self.add(word, None)
            elif word in _SECONDS:
                self._add_seconds(_SECONDS[word], "")

    def _add_names(self, key: str, value: str | None) -> None:
        listed = _names(value)
        if listed:
            fields = f"{key}_fields"
            self.found[fields] = self.found.get(fields, frozenset()) | listed
        else:
            self.found[key] = True

    def _add_seconds(self, key: str, value: str) -> None:
        seconds = parse_delta(value)
        # RFC 9111 §4.2.1: invalid freshness, or two values that differ: stale
        if seconds is None or self.found.get(key, seconds) != seconds:
            seconds = 0
        self.found[key] = seconds


def parse_delta(value: str) -> int | None:
    """Delta-seconds (RFC 9111 §1.2.2), as a token or quoted (§5.2); None: not a number."""
    inner = unquoted(value)
    digits = value if inner is None else inner
    if not (digits.isascii() and digits.isdigit()):
        return None
    significant = digits.lstrip("0") or "0"
    return min(int(significant), MAX_DELTA) if len(significant) < 11 else MAX_DELTA


def _names(value: str | None) -> frozenset[str] | None:
    """The field names of a qualified directive; None or empty: it is unqualified."""
    if value is None:
        return None
    inner = unquoted(value)
    names = (value if inner is None else inner).lower().split(",")
    listed = frozenset(name.strip(OWS) for name in names) - {""}
    return listed if all(map(is_token, listed)) else None
