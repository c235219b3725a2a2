"""Targeted cache control: CDN-Cache-Control and its kin (RFC 9213)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from http_sfv.dictionary import Dictionary
from http_sfv.item import InnerList

from freshpage.http.cache_control import CacheControl
from freshpage.http.fields import Headers, get_all, get_combined


def ruling_cache_control(
    headers: Headers, targets: Iterable[str]
) -> tuple[CacheControl, str | None]:
    """What rules a response for us, and the target field it is from; None: Cache-Control.

    The first targeted field that is valid and not empty takes the place of Cache-Control
    and Expires (RFC 9213 §2.2).

    :param targets: names of the fields that are for us, the first to be preferred.
    """
    for target in targets:
        value = get_combined(headers, target.lower())
        control = None if value is None else _parse(value)
        if control is not None:
            return control, target
    return CacheControl.parse(get_all(headers, "cache-control")), None


def _parse(value: str) -> CacheControl | None:
    directives = Dictionary()
    try:
        directives.parse(value.encode("ascii"))
    except ValueError:  # RFC 9213 §2.1: not a structured field: ignored
        return None
    if not directives:
        return None
    return CacheControl.from_values((name, _plain(item)) for name, item in directives.items())


def _plain(item: Any) -> int | str | bool | None:
    if isinstance(item, InnerList):
        return ",".join(str(member.value) for member in item)
    value = item.value
    return value if isinstance(value, bool | int | str) else None
