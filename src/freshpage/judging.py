"""Judging a rendered response: is it stored, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

import msgspec

from freshpage.cacheability import Cacheability, location_tags, url_tag
from freshpage.entry import Entry
from freshpage.http import fields, invalidation, storing, updating
from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers
from freshpage.http.targeted import ruling_cache_control
from freshpage.http.vary import vary_names
from freshpage.lifetime import Refused, limited, timed
from freshpage.outcome import Head, Ticket, Verdict
from freshpage.present import for_browsers, forwarded_member, passed_on
from freshpage.request import COOKIE, HEADER, VARY, Request
from freshpage.settings import Settings
from freshpage.staleness import FAILURES, is_personal
from freshpage.tags import packed

_TAKEN_DOWN = frozenset({403, 404, 410, 451})
_NO_LONGER_PUBLIC = frozenset({"private", "no-store", "never-cache"})
_CSP = frozenset({"content-security-policy", "content-security-policy-report-only"})


@dataclass(frozen=True, slots=True)
class Case:
    """A response to be judged.

    :param declared: what the render declared: its axes, tags and fragments' ttl.
    :param refusal: why the render must not be stored, as its record has it.
    :param now: seconds since 1970.
    :param chance: random, of [0, 1).
    """

    settings: Settings
    ticket: Ticket
    head: Head
    declared: Cacheability
    refusal: str
    now: float
    chance: float = 0.0

    def verdict(self) -> Verdict:
        """What is to become of it."""
        stale, fallback = self.ticket.stale, self.ticket.fallback
        if fallback is not None and self.head.status in FAILURES:
            return Verdict(self._headers("failed"), "failed", self.head, instead=fallback)
        if stale is not None and self.head.status == 304 and self.ticket.conditionals:
            return self._revalidated(stale)
        if stale is not None and self.head.status == 200 and self.ticket.request.method == "HEAD":
            return self._head(stale)
        try:
            entry = self._entry()
        except Refused as refused:
            return self._passed_on(str(refused))
        headers = for_browsers(self._headers(), entry, self.settings)
        return Verdict(
            headers, head=self.head, entry=entry, withheld=self._withheld(self.head.headers)
        )

    def _passed_on(self, refusal: str) -> Verdict:
        tags = outdated_tags(self.ticket.request, self.head)
        tags |= taken_down(self.ticket, self.settings, self.head.status, refusal)
        return Verdict(self._headers(refusal), refusal, self.head, invalidate=tags)

    def _headers(self, refusal: str = "") -> Headers:
        member = forwarded_member(self.ticket, self.settings, refusal=refusal)
        return passed_on(self.head.headers, member)

    def _withheld(self, headers: Headers) -> Headers:
        control, _ = ruling_cache_control(headers, self.settings.edge_targets)
        return storing.withheld_headers(headers, control)

    # -- a new response -------------------------------------------------------------

    def _entry(self) -> Entry:
        """The entry to be.

        :raises Refused: when there is to be none.
        """
        ticket, head = self.ticket, self.head
        if ticket.conditionals is None:
            raise Refused(ticket.detail)
        if ticket.sequence is None:
            raise Refused("store-unavailable")
        request = ticket.request
        self._refuse(request.method, head.status, head.headers)
        entry = Entry(
            status=head.status,
            reason=head.reason,
            headers=head.headers,
            response_time=self.now,
            initial_age=0,
            lifetime=0,
            expires=0,
            sequence=ticket.sequence,
            tags=packed(location_tags(request.host or "", request.script + request.path)),
            axes=(),
            etag=fields.get_first(head.headers, "etag"),
            own_etag=False,
            last_modified=_date(head.headers, "last-modified", self.now),
            explicit=False,
            render_seconds=max(0.0, self.now - ticket.started),
        )
        entry = self._completed(entry)
        length = fields.get_first(head.headers, "content-length") or "0"
        if length.isdecimal() and float(length) > self.settings.max_body_bytes:
            raise Refused("too-large")
        return entry

    def _refuse(self, method: str, status: int, headers: Headers) -> None:
        """Refuse what must not be stored, whatever its freshness."""
        control, _ = ruling_cache_control(headers, self.settings.edge_targets)
        request = self.ticket.request.headers()
        refusal = storing.storing_refusal(method, status, request, headers, control)
        if self.refusal or refusal:
            raise Refused(self.refusal or refusal)
        if any("'nonce-" in value for name, value in headers if name.lower() in _CSP):
            raise Refused("csp-nonce")  # good for one answer

    def _completed(self, entry: Entry) -> Entry:
        """An entry with all that its fields and its render say of it."""
        names = vary_names(entry.headers)
        if names is None:
            raise Refused("vary-any")  # RFC 9111 §4.1
        varied = tuple([VARY + name for name in sorted(names - self.head.explained)])
        axes = tuple(dict.fromkeys(entry.axes + varied))
        entry = msgspec.structs.replace(entry, axes=axes)
        entry = timed(entry, self.settings, self.ticket.started, self.now, self.chance)
        entry = limited(entry, self.declared, self.ticket.started)
        if self.head.doubt and not _states_its_use(entry):
            raise Refused(self.head.doubt)
        if reads_session(self.ticket.request, entry.axes, self.settings):
            raise Refused("session")
        return entry

    # -- about a stored one ---------------------------------------------------------

    def _revalidated(self, stale: Entry) -> Verdict:
        """A 304 to our own conditional request (RFC 9111 §4.3.4)."""
        if not updating.validators_match(stale.headers, self.head.headers):
            return Verdict(self.head.headers, head=self.head, again=True)
        return self._freshened(stale)

    def _head(self, stale: Entry) -> Verdict:
        """A 200 to HEAD beside a stored 200 to GET (RFC 9111 §4.3.5)."""
        effect = updating.head_effect(stale.headers, len(stale.body), self.head.headers)
        passed_on = self._passed_on("method")
        if effect is updating.HeadEffect.UPDATE:
            return replace(self._freshened(stale), headers=passed_on.headers, from_entry=False)
        if effect is updating.HeadEffect.INVALIDATE:
            return replace(passed_on, drop=self.ticket.place)
        return passed_on

    def _freshened(self, stale: Entry) -> Verdict:
        """The stored entry with the new fields; its S0 stays, for its body did."""
        merged = updating.freshen(stale.headers, self.head.headers)
        etag = fields.get_first(merged, "etag")
        own = etag is None and stale.own_etag
        updated = msgspec.structs.replace(
            stale,
            headers=merged + storing.cookies(self.head.headers),
            etag=stale.etag if own else etag,
            own_etag=own,
            last_modified=_date(merged, "last-modified", self.now),
        )
        verdict = Verdict(self._headers(), head=self.head)
        try:
            self._refuse("GET", stale.status, updated.headers)
            freshened = self._completed(updated)
        except Refused as refused:
            drop = self.ticket.place
            return replace(verdict, refusal=str(refused), freshened=updated, drop=drop)
        return replace(verdict, freshened=freshened, withheld=self._withheld(merged))


def amended(verdict: Verdict, declared: Cacheability, refusal: str, doubt: str) -> Verdict:
    """A verdict, with what the render declared after its head was judged, while it streamed."""
    entry = verdict.entry
    if entry is None:
        return verdict
    if not _states_its_use(entry):
        refusal = refusal or doubt
    try:
        if refusal:
            raise Refused(refusal)
        started = entry.response_time - entry.render_seconds
        return replace(verdict, entry=limited(entry, declared, started))
    except Refused as refused:
        return replace(verdict, entry=None, refusal=str(refused))


def _states_its_use(entry: Entry) -> bool:
    return entry.explicit or entry.always_validate


def reads_session(request: Request, axes: tuple[str, ...], settings: Settings) -> bool:
    """Whether a page that varies on cookies was made for somebody with a session."""
    cookie = settings.session_cookie
    reads = {VARY + "cookie", HEADER + "cookie", COOKIE + cookie}
    return not reads.isdisjoint(axes) and request.cookie(cookie) is not None


def taken_down(
    ticket: Ticket, settings: Settings, status: int, refusal: str = ""
) -> frozenset[str]:
    """The tags of a page that is no longer what others might still be sent as stale."""
    request = ticket.request
    if not ticket.outdated or is_personal(request, settings):  # it may be so for him alone
        return frozenset()
    if status not in _TAKEN_DOWN and refusal not in _NO_LONGER_PUBLIC:
        return frozenset()
    return frozenset({url_tag(request.script + request.path, request.host or "")})


def outdated_tags(request: Request, head: Head) -> frozenset[str]:
    """The tags of what an unsafe request changed (RFC 9111 §4.4)."""
    if request.host is None:
        return frozenset()
    target = f"{request.scheme}://{request.host}{quote(request.script + request.path)}"
    uris = invalidation.invalidated_targets(request.method, head.status, target, head.headers)
    return frozenset(url_tag(urlsplit(uri).path or "/", request.host) for uri in uris)


def _date(headers: Headers, name: str, now: float) -> float | None:
    value = fields.get_first(headers, name)
    return None if value is None else parse_http_date(value, now)
