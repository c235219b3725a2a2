"""Freshness and age (RFC 9111 §4.2)."""

from __future__ import annotations

from freshpage.http.cache_control import CacheControl, parse_delta
from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers, get_all, get_first, split_list
from freshpage.http.storing import HEURISTICALLY_CACHEABLE


def explicit_lifetime(headers: Headers, control: CacheControl, now: float) -> float | None:
    """The lifetime a response states for a shared cache, in seconds; None: it states none.

    s-maxage, then max-age, then Expires less Date (RFC 9111 §4.2.1).

    :param now: when the response was received; stands in for a missing Date.
    """
    if control.s_maxage is not None:
        return control.s_maxage
    if control.max_age is not None:
        return control.max_age
    values = set(get_all(headers, "expires"))
    if not values:
        return None
    # RFC 9111 §5.3: an invalid date, "0" above all, is in the past; two that differ as well
    expires = parse_http_date(values.pop(), now)
    if expires is None or values:
        return 0.0
    return max(0.0, expires - date_of(headers, now))


def heuristic_lifetime(
    status: int, headers: Headers, control: CacheControl, fraction: float, now: float
) -> float | None:
    """A share of the time since the last modification (RFC 9111 §4.2.2); None: no ground.

    :param fraction: 0 for none, 0.1 is usual.
    """
    if not fraction or not (control.public or status in HEURISTICALLY_CACHEABLE):
        return None
    stated = get_first(headers, "last-modified")
    modified = None if stated is None else parse_http_date(stated, now)
    if modified is None:
        return None
    return max(0.0, date_of(headers, now) - modified) * fraction


def date_of(headers: Headers, now: float) -> float:
    """When a response was made: its Date, or else when it was received (RFC 9110 §6.6.1)."""
    value = get_first(headers, "date")
    date = None if value is None else parse_http_date(value, now)
    return now if date is None else date


def age_value(headers: Headers) -> int:
    """What Age says, in seconds; 0 when absent or invalid (RFC 9111 §5.1)."""
    value = get_first(headers, "age")
    return 0 if value is None else parse_delta(split_list(value)[0]) or 0


def initial_age(headers: Headers, *, request_time: float, response_time: float) -> float:
    """The corrected initial age of a response just received (RFC 9111 §4.2.3)."""
    apparent = max(0.0, response_time - date_of(headers, response_time))
    return max(apparent, age_value(headers) + max(0.0, response_time - request_time))


def current_age(initial: float, response_time: float, now: float) -> float:
    """The age of a stored response (RFC 9111 §4.2.3); a clock set back counts as none."""
    return initial + max(0.0, now - response_time)


def may_serve_stale(control: CacheControl) -> bool:
    """Whether a response may be used stale at all (RFC 9111 §4.2.4, §5.2.2.10).

    s-maxage forbids it, unless what grants it stands right beside (RFC 5861).
    """
    granted = control.stale_while_revalidate or control.stale_if_error
    return not (
        control.must_revalidate
        or control.proxy_revalidate
        or control.no_cache
        or (control.s_maxage is not None and not granted)
    )


def satisfies_request(
    age: float, lifetime: float, control: CacheControl, *, may_be_stale: bool
) -> bool:
    """Whether a stored response is as fresh as a request wants it (RFC 9111 §5.2.1)."""
    if control.max_age is not None and age > control.max_age:
        return False
    if control.min_fresh is not None and lifetime - age < control.min_fresh:
        return False
    if age < lifetime:
        return True
    return may_be_stale and control.max_stale is not None and age - lifetime <= control.max_stale
