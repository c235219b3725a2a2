"""One request's life as pure decisions.

The engine takes values and returns the next action. What must be asked of a store is
yielded as a :class:`Call`; a front door performs it (on a thread or not) and sends the
result back. So every door shares every decision, and time is a parameter.

``lookup`` ends in an :class:`Answer` (a hit) or a :class:`Ticket` (render); ``receive``
judges the head of what was rendered; ``complete`` stores it and says what the visitor gets.
A store that does not answer is None: a miss, and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from freshpage.cacheability import Cacheability, location_tags, url_tag
from freshpage.entry import Axes, Entry
from freshpage.http import (
    cache_status,
    conditional,
    fields,
    freshness,
    invalidation,
    storing,
    updating,
    vary,
)
from freshpage.http.cache_control import CacheControl
from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers
from freshpage.http.targeted import ruling_cache_control
from freshpage.key import primary_key, variant_key
from freshpage.present import is_not_modified, not_modified, present, select_part
from freshpage.request import HEADER, Request, axis_value
from freshpage.sequence import Sequence, Standing
from freshpage.settings import Settings

NAME = "freshpage"  # our name in Cache-Status
DEPTH = 8  # questions a key may ask before its tree is flattened
AXES_LIFE = 30 * 24 * 3600.0  # seconds

_NO_CONTROL = CacheControl()


class Call(NamedTuple):
    """A method of the store to be called."""

    method: str
    args: tuple[Any, ...] = ()


class Answer(NamedTuple):
    """What goes out to the visitor."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class Head(NamedTuple):
    """The head of a response the application gave."""

    status: int
    reason: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request that must be rendered, and what was found out on the way.

    :param fwd: why (RFC 9211 §2.2).
    :param sequence: S0; None: the result can't be stored.
    :param conditionals: fields the application is to be asked with, in place of the
        visitor's own; None: the request is none of ours and goes on as it is.
    :param stale: the entry to be revalidated, and its key.
    """

    request: Request
    started: float
    fwd: str
    sequence: Sequence | None = None
    conditionals: Headers | None = None
    stale: Entry | None = None
    stale_key: bytes = b""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of a response.

    :param headers: for the visitor, where the response is passed on as it comes.
    :param refusal: why it is not stored; empty when it is.
    :param head: of the response that is passed on.
    :param entry: to be completed with the body.
    :param freshened: the stored entry that a 304 (or HEAD) made fresh again.
    :param from_entry: the freshened entry answers (else the response is passed on).
    :param drop: a key whose entry turned out wrong.
    :param again: the application must be asked without conditions (RFC 9111 §4.3.4).
    :param invalidate: tags an unsafe request made invalid (RFC 9111 §4.4).
    """

    headers: Headers
    refusal: str = ""
    head: Head | None = None
    entry: Entry | None = None
    freshened: Entry | None = None
    from_entry: bool = True
    drop: bytes = b""
    again: bool = False
    invalidate: frozenset[str] = frozenset()

    @property
    def keep(self) -> bool:
        """Whether the body is wanted, to be stored."""
        return self.entry is not None


class Engine:
    """The rules, under one set of settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    # -- lookup ---------------------------------------------------------------------

    def lookup(self, request: Request, now: float) -> Generator[Call, Any, Answer | Ticket]:
        """Find what may answer a request.

        :param now: seconds since 1970.
        """
        bypass = _bypass(request)
        if bypass:
            return Ticket(request, now, "method" if bypass == "method" else "bypass", detail=bypass)
        control = _NO_CONTROL
        if self.settings.client_directives:
            control = _request_control(request)
            if control.no_store:  # RFC 9111 §5.2.1.5
                return Ticket(request, now, "request", detail="no-store")
        held, key, fwd = yield from self._find(request)
        detail, stale = "", None
        if held is not None:
            fwd, detail = self._unusable(held.node, held.standing, request, control, now)
            if not fwd:
                return self.hit(request, held.node, now)
            stale = held.node if held.standing is Standing.VALID else None
        if control.only_if_cached:  # RFC 9111 §5.2.1.7
            return self._gateway_timeout(fwd)
        sequence = yield Call("sequence")
        return Ticket(
            request,
            now,
            fwd,
            sequence=sequence,
            conditionals=_validators(stale),
            stale=stale,
            stale_key=key,
            detail=detail,
        )

    def _find(self, request: Request) -> Generator[Call, Any, tuple[Any, bytes, str]]:
        """Walk the page's tree down to an entry, or to where one would be."""
        key = self.primary(request)
        fwd = "uri-miss"
        for _ in range(DEPTH):
            held = yield Call("get", (key,))
            if held is None:
                return None, key, fwd
            if isinstance(held.node, Entry):
                return held, key, fwd
            axes = held.node.axes
            key = variant_key(key, axes, tuple([axis_value(request, axis) for axis in axes]))
            fwd = "vary-miss"
        return None, key, fwd

    def primary(self, request: Request) -> bytes:
        """The root of the tree of the page a request asks for."""
        host = request.host or ""
        prefix = self.settings.key_prefix
        return primary_key(prefix, request.scheme, host, request.script, request.path)

    def _unusable(
        self,
        entry: Entry,
        standing: Standing,
        request: Request,
        control: CacheControl,
        now: float,
    ) -> tuple[str, str]:
        """Why an entry may not answer (fwd, detail); ("", "") when it may."""
        if standing is not Standing.VALID:
            return "stale", "invalidated"
        if not entry.authorized and request.header("authorization") is not None:
            return "request", "authorization"  # RFC 9111 §3.5
        if control.no_cache:  # RFC 9111 §5.2.1.4
            return "request", "no-cache"
        age = freshness.current_age(entry.initial_age, entry.response_time, now)
        if entry.always_validate:  # RFC 9111 §5.2.2.4
            return "stale", "no-cache"
        if control is not _NO_CONTROL:
            if not freshness.satisfies_request(
                age, entry.lifetime, control, may_be_stale=not entry.never_stale
            ):
                return ("request" if age < entry.lifetime else "stale"), ""
            return "", ""
        return ("", "") if age < entry.lifetime else ("stale", "")

    def hit(self, request: Request, entry: Entry, now: float) -> Answer:
        """The answer to a request from a stored entry."""
        age = freshness.current_age(entry.initial_age, entry.response_time, now)
        member = ""
        if self.settings.cache_status:
            member = cache_status.hit(NAME, entry.lifetime - age)
        return self._from_entry(request, entry, now, member, age)

    def _from_entry(
        self, request: Request, entry: Entry, now: float, member: str, age: float | None
    ) -> Answer:
        headers = list(present(entry, self.settings))
        if age is not None:
            headers.append(("Age", str(int(age))))  # RFC 9111 §5.1
        if member:
            headers = list(cache_status.appended(tuple(headers), member))
        return Answer(*select_part(request, entry, headers, now))

    def _gateway_timeout(self, fwd: str) -> Answer:
        member = f"{NAME}; fwd={fwd}; detail=only-if-cached"
        headers = [("Content-Length", "0"), ("Cache-Status", member)]
        return Answer(504, "Gateway Timeout", headers, b"")

    # -- what the application said -------------------------------------------------

    def receive(
        self,
        ticket: Ticket,
        head: Head,
        declared: Cacheability,
        refusal: str,
        now: float,
    ) -> Verdict:
        """Judge the head of a rendered response.

        :param declared: what the render declared: its axes, tags and fragments' ttl.
        :param refusal: why the render must not be stored, as its record has it.
        """
        if ticket.stale is not None and head.status == 304 and ticket.conditionals:
            return self._revalidated(ticket, ticket.stale, head, now)
        if ticket.stale is not None and ticket.request.method == "HEAD":
            return self._head(ticket, ticket.stale, head, now)
        refusal = self._refusal(ticket, head, refusal)
        if not refusal:
            entry = self._entry(ticket, head, declared, now)
            if isinstance(entry, Entry):
                return Verdict(self._passed_on(ticket, head.headers, ""), entry=entry)
            refusal = entry
        headers = self._passed_on(ticket, head.headers, refusal)
        return Verdict(headers, refusal, head, invalidate=self._outdated(ticket, head))

    def _refusal(self, ticket: Ticket, head: Head, refusal: str) -> str:
        request = ticket.request
        if ticket.conditionals is None:
            return ticket.detail
        if ticket.sequence is None:
            return "store-unavailable"
        control, _ = ruling_cache_control(head.headers, self.settings.edge_targets)
        return refusal or (
            storing.storing_refusal(
                request.method, head.status, request.headers(), head.headers, control
            )
            or ""
        )

    def _entry(self, ticket: Ticket, head: Head, declared: Cacheability, now: float) -> Entry | str:
        """The entry to be, or why there is none."""
        assert ticket.sequence is not None
        names = vary.vary_names(head.headers)
        if names is None:
            return "vary-any"  # RFC 9111 §4.1
        request = ticket.request
        axes = dict.fromkeys((*declared.axes, *(HEADER + name for name in sorted(names))))
        entry = self._timed(
            Entry(
                status=head.status,
                reason=head.reason,
                headers=head.headers,
                response_time=now,
                initial_age=0,
                lifetime=0,
                expires=0,
                sequence=ticket.sequence,
                tags=tuple(sorted(declared.tags | location_tags(request.host or "", request.path))),
                axes=tuple(axes),
                etag=fields.get_first(head.headers, "etag"),
                own_etag=False,
                last_modified=_date(head.headers, "last-modified", now),
                explicit=False,
                render_seconds=max(0.0, now - ticket.started),
            ),
            declared.ttl,
            request_time=ticket.started,
            now=now,
        )
        if isinstance(entry, str):
            return entry
        validator = entry.etag is not None or entry.last_modified is not None
        if not validator and (entry.always_validate or entry.lifetime <= entry.initial_age):
            return "already-stale"
        length = fields.get_first(head.headers, "content-length") or "0"
        if length.isdecimal() and int(length) > self.settings.max_body_bytes:
            return "too-large"
        return entry

    def _timed(
        self, entry: Entry, ttl: float | None, *, request_time: float, now: float
    ) -> Entry | str:
        """An entry with the lifetime its fields give it (RFC 9111 §4.2)."""
        control, target = ruling_cache_control(entry.headers, self.settings.edge_targets)
        # RFC 9213 §2.2: a targeted field takes the place of Cache-Control and Expires
        ruling = fields.without(entry.headers, ("expires",)) if target else entry.headers
        lifetime = freshness.explicit_lifetime(ruling, control, now)
        explicit = lifetime is not None
        if lifetime is None:
            lifetime = freshness.heuristic_lifetime(
                entry.status, ruling, control, self.settings.heuristic_fraction, now
            )
        if lifetime is None:
            if (
                not storing.default_ttl_applies(entry.status, control)
                or not self.settings.default_ttl
            ):
                if not control.no_cache:
                    return "no-freshness"
                lifetime = 0.0
            else:
                lifetime = self.settings.default_ttl
        initial_age = freshness.initial_age(
            entry.headers, request_time=request_time, response_time=now
        )
        if ttl is not None:
            lifetime = min(lifetime, ttl + initial_age)
        grace = max(control.stale_while_revalidate or 0, control.stale_if_error or 0)
        validator = entry.etag is not None or entry.last_modified is not None
        keep = max(grace, self.settings.keep_stale if validator else 0)
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

    def _revalidated(self, ticket: Ticket, stale: Entry, head: Head, now: float) -> Verdict:
        """A 304 to our own conditional request (RFC 9111 §4.3.4)."""
        if not updating.validators_match(stale.headers, head.headers):
            return Verdict(head.headers, again=True)
        return self._freshened(ticket, stale, head, now)

    def _head(self, ticket: Ticket, stale: Entry, head: Head, now: float) -> Verdict:
        """The answer to a HEAD request beside a stored GET (RFC 9111 §4.3.5)."""
        headers = self._passed_on(ticket, head.headers, "method")
        effect = updating.HeadEffect.NONE
        if head.status == 200:
            effect = updating.head_effect(stale.headers, len(stale.body), head.headers)
        if effect is updating.HeadEffect.UPDATE:
            freshened = self._freshened(ticket, stale, head, now)
            return replace(freshened, headers=headers, from_entry=False)
        if effect is updating.HeadEffect.INVALIDATE:
            return Verdict(headers, "method", drop=ticket.stale_key)
        return Verdict(headers, "method")

    def _freshened(self, ticket: Ticket, stale: Entry, head: Head, now: float) -> Verdict:
        merged = updating.freshen(stale.headers, head.headers)
        control, _ = ruling_cache_control(merged, self.settings.edge_targets)
        updated = msgspec.structs.replace(
            stale,
            headers=merged,
            etag=stale.etag if stale.own_etag else fields.get_first(merged, "etag"),
            last_modified=_date(merged, "last-modified", now),
        )
        timed = self._timed(updated, None, request_time=ticket.started, now=now)
        headers = self._passed_on(ticket, head.headers, "")
        forbidden = storing.storing_refusal(
            "GET", stale.status, ticket.request.headers(), merged, control
        )
        if isinstance(timed, str) or forbidden:
            return Verdict(headers, "not-storable", freshened=updated, drop=ticket.stale_key)
        return Verdict(headers, freshened=timed)

    def _outdated(self, ticket: Ticket, head: Head) -> frozenset[str]:
        """The tags of what an unsafe request changed (RFC 9111 §4.4)."""
        request = ticket.request
        if not invalidation.is_unsafe(request.method) or request.host is None:
            return frozenset()
        target = f"{request.scheme}://{request.host}{_quoted(request.script + request.path)}"
        uris = invalidation.invalidated_targets(request.method, head.status, target, head.headers)
        return frozenset(url_tag(_below(request.script, uri), request.host) for uri in uris)

    # -- what becomes of it -----------------------------------------------------------

    def complete(
        self, ticket: Ticket, verdict: Verdict, body: bytes, now: float
    ) -> Generator[Call, Any, Answer | None]:
        """Store what is to be stored; the answer, where it is made from an entry.

        None: the response goes out as it is, with the verdict's headers.
        """
        if verdict.invalidate:
            yield Call("invalidate", (verdict.invalidate,))
        if verdict.drop:
            yield Call("delete", (verdict.drop,))
        if verdict.freshened is not None:
            return (yield from self._complete_freshened(ticket, verdict, verdict.freshened, now))
        if verdict.entry is None:
            return self._conditions(ticket, verdict, body, now)
        entry = _with_body(verdict.entry, body)
        stated = fields.get_first(entry.headers, "content-length")
        if stated is not None and stated != str(len(body)):  # RFC 9111 §3.3: incomplete
            return None
        stored = False
        if len(body) <= self.settings.max_body_bytes:
            stored = yield from self._put(ticket.request, entry)
        return self._from_entry(
            ticket.request, entry, now, self.member(ticket, stored=bool(stored)), _age(entry)
        )

    def _complete_freshened(
        self, ticket: Ticket, verdict: Verdict, entry: Entry, now: float
    ) -> Generator[Call, Any, Answer | None]:
        stored = False
        if not verdict.drop:
            stored = yield Call("put", (ticket.stale_key, entry))
        if not verdict.from_entry:
            return None
        member = self.member(ticket, status=304, stored=bool(stored))
        return self._from_entry(ticket.request, entry, now, member, _age(entry))

    def _conditions(
        self, ticket: Ticket, verdict: Verdict, body: bytes, now: float
    ) -> Answer | None:
        """Judge the visitor's conditions, which the application was not shown."""
        head = verdict.head
        if ticket.conditionals is None or head is None or head.status != 200:
            return None
        etag = fields.get_first(head.headers, "etag")
        modified = _date(head.headers, "last-modified", now)
        if not is_not_modified(ticket.request, etag, modified, now):
            return None
        return Answer(304, "Not Modified", not_modified(verdict.headers), b"")

    def _put(self, request: Request, entry: Entry) -> Generator[Call, Any, bool]:
        """Hang an entry into its page's tree, with the questions it brings."""
        root = key = self.primary(request)
        asked: set[str] = set()
        for depth in range(DEPTH):
            held = yield Call("get", (key,))
            if held is not None and isinstance(held.node, Axes):
                axes = held.node.axes
            else:
                axes = tuple(axis for axis in entry.axes if axis not in asked)
                if not axes:
                    return bool((yield Call("put", (key, entry))))
                if depth == DEPTH - 1:
                    # too many questions in a row: one node asks them all
                    key, axes = root, tuple(sorted(asked | set(axes)))
                node = Axes(axes, entry.response_time + AXES_LIFE)
                if not (yield Call("put", (key, node))):
                    return False
            asked.update(axes)
            key = variant_key(key, axes, tuple([axis_value(request, axis) for axis in axes]))
        return bool((yield Call("put", (key, entry))))

    # -- what is told --------------------------------------------------------------------

    def member(
        self, ticket: Ticket, *, refusal: str = "", status: int | None = None, stored: bool = False
    ) -> str:
        """Our member of Cache-Status for a forwarded request (RFC 9211)."""
        if not self.settings.cache_status:
            return ""
        detail = None
        if self.settings.cache_status_detail:
            detail = refusal or ticket.detail or None
        return cache_status.forwarded(NAME, ticket.fwd, status=status, stored=stored, detail=detail)

    def _passed_on(self, ticket: Ticket, headers: Headers, refusal: str) -> Headers:
        """The application's fields as a visitor gets them, when passed on as they come."""
        headers = fields.without(headers, ("freshpage-cache-control",))
        member = self.member(ticket, refusal=refusal)
        return cache_status.appended(headers, member) if member else headers


def _bypass(request: Request) -> str:
    """Why a request is none of ours; empty when it is."""
    if request.method not in ("GET", "HEAD"):
        return "method"
    if request.host is None:
        return "host"
    if request.has_body():
        return "body"
    if request.header("if-match") or request.header("if-unmodified-since"):
        return "precondition"  # RFC 9111 §4.3.2: not for caches to evaluate
    return ""


def _request_control(request: Request) -> CacheControl:
    value = request.header("cache-control")
    if value is None and "no-cache" in (request.header("pragma") or "").lower():
        value = "no-cache"  # RFC 9111 §5.4
    return _NO_CONTROL if value is None else CacheControl.parse((value,))


def _validators(stale: Entry | None) -> Headers:
    """What to ask the application with in place of the visitor's conditions."""
    if stale is None:
        return ()
    found = []
    if stale.etag is not None and not stale.own_etag:
        found.append(("If-None-Match", stale.etag))
    modified = fields.get_first(stale.headers, "last-modified")
    if modified is not None and stale.last_modified is not None:
        found.append(("If-Modified-Since", modified))
    return tuple(found)


def _with_body(entry: Entry, body: bytes) -> Entry:
    etag, own = entry.etag, False
    if etag is None and entry.status == 200:
        encoding = fields.get_combined(entry.headers, "content-encoding")
        etag, own = conditional.make_etag(body, encoding), True
    return msgspec.structs.replace(entry, body=body, etag=etag, own_etag=own)


def _age(entry: Entry) -> float | None:
    """RFC 9111 §5.1: a response just made has no Age, one that came with an age keeps it."""
    return entry.initial_age if entry.initial_age >= 1 else None


def _date(headers: Headers, name: str, now: float) -> float | None:
    value = fields.get_first(headers, name)
    return None if value is None else parse_http_date(value, now)


def _below(script: str, uri: str) -> str:
    path = urlsplit(uri).path or "/"
    return path[len(script) :] if script and unquote(path).startswith(script + "/") else path


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3F").replace("#", "%23")
