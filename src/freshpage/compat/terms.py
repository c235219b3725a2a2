"""On what terms a Django cache keeps a response: whether, how long, and what it says of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.http.response import HttpResponseBase

from freshpage.headers import has_vary_header
from freshpage.http.cache_control import CacheControl
from freshpage.http.fields import without
from freshpage.http.freshness import explicit_lifetime
from freshpage.http.targeted import ruling_cache_control

TARGET = "Freshpage-Cache-Control"


@dataclass(frozen=True, slots=True)
class Terms:
    """What becomes of a response.

    :param refusal: why it is not kept; empty when it may be.
    :param max_age: seconds its headers are to grant; None: they stay as they are.
    :param targeted: the terms for us alone, as a field (RFC 9213); empty where the view
        wrote one that rules us.
    :param by_default: nobody stated how long.
    """

    refusal: str = ""
    max_age: float | None = None
    targeted: str = ""
    by_default: bool = False


def terms_of(
    response: HttpResponseBase,
    *,
    page_timeout: float | None,
    default: float,
    targets: tuple[str, ...],
    now: float,
    statuses: Collection[int] = (200,),
) -> Terms:
    """The terms of a response, before its headers are patched.

    ``page_timeout`` goes before what the response says of its freshness, and that before
    the default: s-maxage, max-age, Expires (RFC 9111 §4.2.1).

    :param page_timeout: seconds, as cache_page got them; None: none were given.
    :param targets: the fields that rule us (RFC 9213).
    :param statuses: that may be kept.
    """
    fields = tuple(response.items())
    browsers = CacheControl.parse((response.get("Cache-Control", ""),))
    ours, target = ruling_cache_control(fields, targets)
    stated = explicit_lifetime(without(fields, ("expires",)) if target else fields, ours, now)
    refusal = _refusal(response, ours, statuses)
    if not refusal and page_timeout is None and stated == 0:
        refusal = "already-stale"
    if refusal:
        return Terms(refusal)
    kept = _first(page_timeout, stated, default)
    if response.status_code not in statuses:
        refusal = "status"
    elif kept <= 0:
        refusal = "already-stale"
    max_age = None
    if not _forbids(browsers):
        granted = explicit_lifetime(fields, replace(browsers, s_maxage=None), now)
        max_age = _first(page_timeout, granted, default)
    return Terms(
        refusal,
        max_age,
        "" if target else _targeted(kept, ours),
        by_default=page_timeout is None and stated is None,
    )


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _refusal(response: HttpResponseBase, control: CacheControl, statuses: Collection[int]) -> str:
    if response.streaming:
        return "streaming"
    if response.status_code not in (*statuses, 304):
        return "status"
    if response.cookies:
        return "set-cookie"
    if has_vary_header(response, "*"):
        return "vary-any"
    return _forbids(control)


def _forbids(control: CacheControl) -> str:
    """The directive that keeps a page from being stored; as with Django, of any form."""
    if control.no_store:
        return "no-store"
    if control.private or control.private_fields:
        return "private"
    return "no-cache" if control.no_cache or control.no_cache_fields else ""


def _targeted(kept: float, control: CacheControl) -> str:
    times = {
        "max-age": int(kept),
        "stale-while-revalidate": control.stale_while_revalidate,
        "stale-if-error": control.stale_if_error,
    }
    flags = {
        "public": control.public,
        "must-revalidate": control.must_revalidate,
        "proxy-revalidate": control.proxy_revalidate,
    }
    said = [f"{name}={seconds}" for name, seconds in times.items() if seconds is not None]
    return ", ".join(said + [name for name, given in flags.items() if given])
