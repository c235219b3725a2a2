"""How long an entry lives: its lifetime, its age, and when it is of no more use."""

from __future__ import annotations

import msgspec

from freshpage.cacheability import Cacheability, shorter
from freshpage.entry import Entry
from freshpage.http import fields, freshness, storing
from freshpage.http.cache_control import CacheControl
from freshpage.http.fields import Headers
from freshpage.http.targeted import ruling_cache_control
from freshpage.settings import Settings
from freshpage.tags import packed


class Refused(Exception):
    """A response is not stored; the message is the reason, as ``explain`` has it."""


def timed(
    entry: Entry, settings: Settings, request_time: float, now: float, chance: float = 0.0
) -> Entry:
    """An entry just received, with what its fields say of its life (RFC 9111 §4.2).

    :param chance: of [0, 1): what was stored together is not to end together.
    :raises Refused: when they give it none.
    """
    control, target = ruling_cache_control(entry.headers, settings.edge_targets)
    # RFC 9213 §2.2: a targeted field takes the place of Cache-Control and Expires
    ruling = fields.without(entry.headers, ("expires",)) if target else entry.headers
    explicit = freshness.explicit_lifetime(ruling, control, now)
    lifetime = explicit
    if lifetime is None:
        lifetime = _given_lifetime(entry.status, ruling, control, settings, now)
        # in whole seconds, for what a hit says changes with each
        lifetime -= int(lifetime * settings.jitter * chance)
    initial_age = freshness.initial_age(entry.headers, request_time=request_time, response_time=now)
    revalidating = _stated(control.stale_while_revalidate, settings.stale_while_revalidate)
    failing = _stated(control.stale_if_error, settings.stale_if_error)
    grace = max(revalidating, failing)
    keep = max(grace, settings.keep_stale if has_validator(entry) else 0)
    return msgspec.structs.replace(
        entry,
        headers=storing.stored_headers(entry.headers, control),
        response_time=now,
        initial_age=initial_age,
        lifetime=lifetime,
        expires=now + max(0.0, lifetime - initial_age) + keep,
        explicit=explicit is not None,
        always_validate=control.no_cache,
        never_stale=not freshness.may_serve_stale(control),
        authorized=storing.answers_authorized(control),
        stale_while_revalidate=revalidating,
        stale_if_error=failing,
    )


def _stated(seconds: float | None, otherwise: float) -> float:
    return otherwise if seconds is None else seconds


def _given_lifetime(
    status: int, headers: Headers, control: CacheControl, settings: Settings, now: float
) -> float:
    """The lifetime of a response that states none."""
    fraction = settings.heuristic_fraction
    lifetime = freshness.heuristic_lifetime(status, headers, control, fraction, now)
    if lifetime is not None:
        return lifetime
    if control.no_cache:
        return 0.0
    if settings.default_ttl and storing.default_ttl_applies(status, control):
        return settings.default_ttl
    raise Refused("no-freshness")


def limited(entry: Entry, declared: Cacheability, started: float) -> Entry:
    """An entry with what its render declared: its axes and tags, and its life cut short.

    A render that declares no end (a 304 may have rendered nothing) leaves the old one.

    :param started: when the render began; its ttl counts from there.
    :raises Refused: when that leaves it no life.
    """
    ttl = shorter(declared.ttl, None if entry.explicit else declared.unstated_ttl)
    until = entry.until if ttl is None else started + ttl
    lifetime = entry.lifetime
    if until is not None:
        lifetime = max(0.0, min(lifetime, until - entry.response_time + entry.initial_age))
    left, was = max(0.0, lifetime - entry.initial_age), entry.lifetime - entry.initial_age
    useful = left > 0 and not entry.always_validate
    if not useful and not has_validator(entry) and not _has_grace(entry):
        raise Refused("already-stale")
    return msgspec.structs.replace(
        entry,
        until=until,
        lifetime=lifetime,
        expires=entry.expires - max(0.0, was - left),
        axes=tuple(dict.fromkeys(declared.axes + entry.axes)),
        tags=packed(declared.tags, entry.tags),
    )


def has_validator(entry: Entry) -> bool:
    """Whether the application can be asked if the entry still holds."""
    return (entry.etag is not None and not entry.own_etag) or entry.last_modified is not None


def _has_grace(entry: Entry) -> bool:
    return not entry.never_stale and max(entry.stale_while_revalidate, entry.stale_if_error) > 0
