"""Judging the head of a rendered response: is it stored, for how long, and if not, why."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urlsplit

import msgspec

from freshpage.cacheability import Cacheability, location_tags, url_tag
from freshpage.entry import Entry
from freshpage.http import fields, freshness, invalidation, storing, updating, vary
from freshpage.http.cache_control import CacheControl
from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers
from freshpage.http.targeted import ruling_cache_control
from freshpage.outcome import Head, Ticket, Verdict
from freshpage.present import for_browsers, forwarded_member, passed_on
from freshpage.request import COOKIE, HEADER, VARY, Request, cookies
from freshpage.settings import Settings


class _Refused(Exception):
    """A response is not stored; the message is the reason, one word of explain's."""


class Judge:
    """The rules of storing, under one set of settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def verdict(
        self, ticket: Ticket, head: Head, declared: Cacheability, refusal: str, now: float
    ) -> Verdict:
        """Judge the head of a response.

        :param declared: what the render declared: its axes, tags and fragments' ttl.
        :param refusal: why the render must not be stored, as its record has it.
        """
        stale = ticket.stale
        if stale is not None and head.status == 304 and ticket.conditionals:
            return self._revalidated(ticket, stale, head, declared, now)
        if stale is not None and ticket.request.method == "HEAD" and head.status == 200:
            return self._head(ticket, stale, head, declared, now)
        try:
            entry = self._entry(ticket, head, declared, refusal, now)
        except _Refused as reason:
            return Verdict(
                self._passed_on(ticket, head, str(reason)),
                str(reason),
                head,
                invalidate=outdated_tags(ticket.request, head),
            )
        headers = for_browsers(self._passed_on(ticket, head), entry, self.settings)
        return Verdict(headers, head=head, entry=entry)

    def amend(self, verdict: Verdict, declared: Cacheability, refusal: str, doubt: str) -> Verdict:
        """Take in what the render declared after its head was judged, while it streamed."""
        if verdict.entry is None:
            return verdict
        if not verdict.entry.explicit:
            refusal = refusal or doubt
        if refusal:
            return replace(verdict, entry=None, refusal=refusal)
        try:
            return replace(verdict, entry=_with_declared(verdict.entry, declared))
        except _Refused as reason:
            return replace(verdict, entry=None, refusal=str(reason))

    # -- a new response -------------------------------------------------------------

    def _entry(
        self, ticket: Ticket, head: Head, declared: Cacheability, refusal: str, now: float
    ) -> Entry:
        """The entry to be.

        :raises _Refused: when there is to be none.
        """
        if ticket.conditionals is None:
            raise _Refused(ticket.detail)
        if ticket.sequence is None:
            raise _Refused("store-unavailable")
        request = ticket.request
        control, _ = ruling_cache_control(head.headers, self.settings.edge_targets)
        refusal = refusal or (
            storing.storing_refusal(
                request.method, head.status, request.headers(), head.headers, control
            )
            or ""
        )
        if refusal:
            raise _Refused(refusal)
        entry = Entry(
            status=head.status,
            reason=head.reason,
            headers=head.headers,
            response_time=now,
            initial_age=0,
            lifetime=0,
            expires=0,
            sequence=ticket.sequence,
            tags=tuple(sorted(location_tags(request.host or "", request.script + request.path))),
            axes=_vary_axes(head.headers, head.explained),
            etag=fields.get_first(head.headers, "etag"),
            own_etag=False,
            last_modified=_date(head.headers, "last-modified", now),
            explicit=False,
            render_seconds=max(0.0, now - ticket.started),
        )
        entry = _with_declared(self._timed(entry, ticket.started, now), declared)
        if head.doubt and not entry.explicit:
            raise _Refused(head.doubt)
        if self.reads_session(request, entry.axes):
            raise _Refused("session")
        length = fields.get_first(head.headers, "content-length") or "0"
        if length.isdecimal() and float(length) > self.settings.max_body_bytes:
            raise _Refused("too-large")
        return entry

    def reads_session(self, request: Request, axes: tuple[str, ...]) -> bool:
        """Whether a page that varies on cookies was made for somebody with a session."""
        cookie = self.settings.session_cookie
        reads = {VARY + "cookie", HEADER + "cookie", COOKIE + cookie}
        return not reads.isdisjoint(axes) and cookie in cookies(request.header("cookie"))

    def _timed(self, entry: Entry, request_time: float, now: float) -> Entry:
        """An entry with the lifetime its fields give it (RFC 9111 §4.2).

        :raises _Refused: when they give it none.
        """
        settings = self.settings
        control, target = ruling_cache_control(entry.headers, settings.edge_targets)
        # RFC 9213 §2.2: a targeted field takes the place of Cache-Control and Expires
        ruling = fields.without(entry.headers, ("expires",)) if target else entry.headers
        lifetime = freshness.explicit_lifetime(ruling, control, now)
        explicit = lifetime is not None
        if lifetime is None:
            lifetime = freshness.heuristic_lifetime(
                entry.status, ruling, control, settings.heuristic_fraction, now
            )
        if lifetime is None and control.no_cache:
            lifetime = 0.0
        if lifetime is None and storing.default_ttl_applies(entry.status, control):
            lifetime = settings.default_ttl or None
        if lifetime is None:
            raise _Refused("no-freshness")
        initial_age = freshness.initial_age(
            entry.headers, request_time=request_time, response_time=now
        )
        grace = max(control.stale_while_revalidate or 0, control.stale_if_error or 0)
        keep = max(grace, settings.keep_stale if _has_validator(entry) else 0)
        return msgspec.structs.replace(
            entry,
            headers=storing.stored_headers(entry.headers, control),
            response_time=now,
            initial_age=initial_age,
            lifetime=lifetime,
            expires=now + max(0.0, lifetime - initial_age) + keep,
            explicit=explicit,
            always_validate=control.no_cache,
            never_stale=not freshness.may_serve_stale(control),
            authorized=storing.answers_authorized(control),
            stale_while_revalidate=control.stale_while_revalidate or 0,
            stale_if_error=control.stale_if_error or 0,
        )

    # -- about a stored one ---------------------------------------------------------

    def _revalidated(
        self, ticket: Ticket, stale: Entry, head: Head, declared: Cacheability, now: float
    ) -> Verdict:
        """A 304 to our own conditional request (RFC 9111 §4.3.4)."""
        if not updating.validators_match(stale.headers, head.headers):
            return Verdict(head.headers, head=head, again=True)
        return self._freshened(ticket, stale, head, declared, now)

    def _head(
        self, ticket: Ticket, stale: Entry, head: Head, declared: Cacheability, now: float
    ) -> Verdict:
        """A 200 to HEAD beside a stored 200 to GET (RFC 9111 §4.3.5)."""
        headers = self._passed_on(ticket, head, "method")
        effect = updating.head_effect(stale.headers, len(stale.body), head.headers)
        if effect is updating.HeadEffect.UPDATE:
            freshened = self._freshened(ticket, stale, head, declared, now)
            return replace(freshened, headers=headers, from_entry=False)
        drop = ticket.stale_key if effect is updating.HeadEffect.INVALIDATE else b""
        return Verdict(headers, "method", head, drop=drop)

    def _freshened(
        self, ticket: Ticket, stale: Entry, head: Head, declared: Cacheability, now: float
    ) -> Verdict:
        """The stored entry with the new fields; its S0 stays, for its body did."""
        merged = updating.freshen(stale.headers, head.headers)
        control, _ = ruling_cache_control(merged, self.settings.edge_targets)
        etag = fields.get_first(merged, "etag")
        own = etag is None and stale.own_etag
        updated = msgspec.structs.replace(
            stale,
            headers=merged,
            etag=stale.etag if own else etag,
            own_etag=own,
            last_modified=_date(merged, "last-modified", now),
        )
        headers = self._passed_on(ticket, head)
        said = merged + storing.cookies(head.headers)
        refusal = storing.storing_refusal(
            "GET", stale.status, ticket.request.headers(), said, control
        )
        try:
            if refusal:
                raise _Refused(refusal)
            axes = tuple(dict.fromkeys(stale.axes + _vary_axes(merged, head.explained)))
            timed = self._timed(msgspec.structs.replace(updated, axes=axes), ticket.started, now)
            timed = _with_declared(timed, declared)
        except _Refused as reason:
            shown = msgspec.structs.replace(updated, headers=said)
            return Verdict(headers, str(reason), head, freshened=shown, drop=ticket.stale_key)
        return Verdict(headers, head=head, freshened=timed)

    def _passed_on(self, ticket: Ticket, head: Head, refusal: str = "") -> Headers:
        return passed_on(head.headers, forwarded_member(ticket, self.settings, refusal=refusal))


def _vary_axes(headers: Headers, explained: frozenset[str]) -> tuple[str, ...]:
    names = vary.vary_names(headers)
    if names is None:
        raise _Refused("vary-any")  # RFC 9111 §4.1
    return tuple([VARY + name for name in sorted(names - explained)])


def _with_declared(entry: Entry, declared: Cacheability) -> Entry:
    """An entry with what its render declared.

    :raises _Refused: when that leaves it no life.
    """
    ttls = [ttl for ttl in (entry.ttl, declared.ttl) if ttl is not None]
    ttl = min(ttls) if ttls else None
    lifetime = entry.lifetime
    if ttl is not None:
        lifetime = min(lifetime, ttl + entry.initial_age)
    left, was = max(0.0, lifetime - entry.initial_age), entry.lifetime - entry.initial_age
    useful = left > 0 and not entry.always_validate
    if not useful and not _has_validator(entry) and not _has_grace(entry):
        raise _Refused("already-stale")
    return msgspec.structs.replace(
        entry,
        ttl=ttl,
        lifetime=lifetime,
        expires=entry.expires - max(0.0, was - left),
        axes=tuple(dict.fromkeys(declared.axes + entry.axes)),
        tags=tuple(sorted(declared.tags.union(entry.tags))),
    )


def _has_validator(entry: Entry) -> bool:
    """Whether the application can be asked if the entry still holds."""
    return (entry.etag is not None and not entry.own_etag) or entry.last_modified is not None


def _has_grace(entry: Entry) -> bool:
    return not entry.never_stale and max(entry.stale_while_revalidate, entry.stale_if_error) > 0


def _date(headers: Headers, name: str, now: float) -> float | None:
    value = fields.get_first(headers, name)
    return None if value is None else parse_http_date(value, now)


def request_control(request: Request) -> CacheControl | None:
    """The Cache-Control of a request, or its Pragma; None when it has neither."""
    value = request.header("cache-control")
    if value is not None:
        return CacheControl.parse((value,))
    pragma = fields.split_list((request.header("pragma") or "").lower())
    return CacheControl(no_cache=True) if "no-cache" in pragma else None  # RFC 9111 §5.4


def outdated_tags(request: Request, head: Head) -> frozenset[str]:
    """The tags of what an unsafe request changed (RFC 9111 §4.4)."""
    if request.host is None:
        return frozenset()
    target = f"{request.scheme}://{request.host}{quote(request.script + request.path)}"
    uris = invalidation.invalidated_targets(request.method, head.status, target, head.headers)
    return frozenset(url_tag(urlsplit(uri).path or "/", request.host) for uri in uris)
