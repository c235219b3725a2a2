"""One request's life as pure decisions.

The engine takes values and returns the next action. What must be asked of a store is
yielded as a :class:`Call`; a front door performs it (on a thread or not) and sends the
result back. So every door shares every decision, and time is a parameter.

``lookup`` ends in an :class:`Answer` (a hit) or a :class:`Ticket` (render); ``receive``
judges the head of what was rendered; ``complete`` stores it and says what the visitor gets.
A store that does not answer is None: a miss, and nothing is stored.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import msgspec

from freshpage.asking import bypass_reason, request_control
from freshpage.cacheability import Cacheability
from freshpage.entry import Entry
from freshpage.http import conditional, fields, freshness
from freshpage.http.cache_control import CacheControl
from freshpage.http.dates import parse_http_date
from freshpage.http.fields import Headers
from freshpage.judging import Case, amended, reads_session, taken_down
from freshpage.key import encode, primary_key
from freshpage.outcome import Answer, Call, Head, Repeat, Ticket, Unencoded, Verdict
from freshpage.present import (
    forwarded_member,
    from_entry,
    gateway_timeout,
    hit_member,
    is_not_modified,
    not_modified,
    own_fields,
)
from freshpage.representation import coding_path, wants_encoding
from freshpage.request import Request
from freshpage.sequence import Standing
from freshpage.settings import Settings
from freshpage.staleness import is_due, may_go_out, may_stand_in, reach_of_due
from freshpage.tree import Found, find, hang

__all__ = ["Answer", "Call", "Engine", "Head", "Repeat", "Ticket", "Verdict"]

CLOCK_GRAIN = 1e-5  # seconds: coarser than the sums of ages and times are exact

_AUTHORIZATION = "authorization"


class Engine:
    """The rules, under one set of settings.

    :param chance: random numbers of [0, 1).
    """

    def __init__(self, settings: Settings, chance: Callable[[], float] = random.random) -> None:
        self.settings = settings
        self._chance = chance
        self._prefix = encode((settings.key_prefix, settings.build)).decode()

    # -- lookup ---------------------------------------------------------------------

    def lookup(
        self, request: Request, now: float, *, renews: bool = False
    ) -> Generator[Call, Any, Answer | Ticket]:
        """Find what may answer a request.

        :param now: seconds since 1970.
        :param renews: the door can render a page anew while a stale one goes out.
        """
        bypass = bypass_reason(request)
        if bypass:
            return Ticket(request, now, "method" if bypass == "method" else "bypass", detail=bypass)
        control = request_control(request) if self.settings.client_directives else None
        if control is not None and control.no_store:  # RFC 9111 §5.2.1.5
            return Ticket(request, now, "request", detail="no-store")
        root = self.primary(request)
        found = yield from find(root, request)
        fwd, detail = found.fwd, ""
        if found.entry is not None:
            age = _age(found.entry, now)
            fwd, detail = _unusable(found.entry, found.standing, request, control, age)
            if not fwd:
                return self._hit(request, root, found, age, now, renews=renews)
            if renews and fwd == "stale" and control is None:
                answer = self._stale(request, root, found, age, now)
                if answer is not None:
                    return answer
        if control is not None and control.only_if_cached:
            return gateway_timeout(fwd, self.settings)
        return (yield from self._ticket(request, root, found, now, fwd, detail))

    def renew(self, request: Request, now: float) -> Generator[Call, Any, Ticket]:
        """The ticket to render a page anew with, whatever is held of it."""
        root = self.primary(request)
        found = yield from find(root, request)
        return (yield from self._ticket(request, root, found, now, "stale", ""))

    def _hit(
        self, request: Request, root: bytes, found: Found, age: float, now: float, *, renews: bool
    ) -> Answer:
        entry, early = found.entry, self.settings.early
        assert entry is not None
        own = own_fields(age, hit_member(entry, root, age, self.settings))
        reach = reach_of_due(entry, early) if renews else 0.0
        path = found.path + coding_path(request, entry, self.settings)
        repeat = Repeat(root, path, now, _same_until(entry, age, now, reach))
        answer = from_entry(request, entry, self.settings, now, own, repeat)
        if wants_encoding(request, entry, self.settings):
            answer = replace(answer, encode=Unencoded(root, found.key, entry))
        if entry.lifetime - age < reach and is_due(entry, age, early, self._chance()):
            return replace(answer, renew=entry.axes, repeat=None)
        return answer

    def _stale(
        self, request: Request, root: bytes, found: Found, age: float, now: float
    ) -> Answer | None:
        """A stale entry that may go out while it is rendered anew."""
        entry = found.entry
        if entry is None or not may_go_out(entry, found.standing, age, request, self.settings):
            return None
        member = hit_member(entry, root, max(age, entry.lifetime), self.settings)
        own = own_fields(age, member)
        answer = from_entry(request, entry, self.settings, now, own)
        return replace(answer, renew=entry.axes)

    def _ticket(
        self, request: Request, root: bytes, found: Found, now: float, fwd: str, detail: str
    ) -> Generator[Call, Any, Ticket]:
        stale = fallback = None
        if found.entry is not None:
            if found.standing is Standing.VALID and detail != _AUTHORIZATION:
                stale = found.entry
            if may_stand_in(found.entry, found.standing, _age(found.entry, now), request):
                fallback = found.entry
        sequence = yield Call("sequence")
        return Ticket(
            request,
            now,
            fwd,
            sequence=sequence,
            conditionals=() if stale is None else _validators(stale),
            root=root,
            stale=stale,
            place=found.key,
            fallback=fallback,
            outdated=found.entry is not None and found.standing is not Standing.INVALID,
            usual=0 if found.entry is None else found.entry.render_seconds,
            detail=detail,
        )

    def primary(self, request: Request) -> bytes:
        """The root of the tree of the page a request asks for."""
        host = request.host or ""
        return primary_key(self._prefix, request.scheme, host, request.script, request.path)

    # -- what the application said -----------------------------------------------------

    def receive(
        self, ticket: Ticket, head: Head, declared: Cacheability, refusal: str, now: float
    ) -> Verdict:
        """Judge the head of a rendered response.

        :param declared: what the render declared up to now: its axes, tags and ttl.
        :param refusal: why the render must not be stored, as its record has it.
        """
        case = Case(self.settings, ticket, head, declared, refusal, now, self._chance())
        return case.verdict()

    def unconditional(self, ticket: Ticket) -> Ticket:
        """The ticket to ask the application with again, after a 304 that does not fit."""
        return replace(ticket, conditionals=(), stale=None)

    def amend(
        self, verdict: Verdict, declared: Cacheability, refusal: str, doubt: str = ""
    ) -> Verdict:
        """The verdict, once the render has ended and declared all it had to."""
        return amended(verdict, declared, refusal, doubt)

    # -- what becomes of it ------------------------------------------------------------

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
            stored = not verdict.refusal and (yield from self._keep(ticket, verdict.freshened))
            if verdict.from_entry:
                return self._made(
                    ticket, verdict, verdict.freshened, now, stored=stored, status=304
                )
        if verdict.instead is not None:
            return self._instead(ticket, verdict.instead, now, verdict.head)
        if verdict.entry is None:
            return self._conditions(ticket, verdict, now)
        entry = self._with_body(verdict.entry, body)
        if entry is None:
            return None
        stored = yield from self._keep(ticket, entry)
        return self._made(ticket, verdict, entry, now, stored=stored)

    def answer_first(
        self, ticket: Ticket, verdict: Verdict, body: bytes, now: float
    ) -> tuple[Answer, Generator[Call, Any, bool]] | None:
        """What :meth:`complete` does, in two steps: the answer, and what stores its entry.

        None: there is more to do than to store an entry, or it is not to be stored.
        """
        if verdict.entry is None or verdict.invalidate or verdict.drop or verdict.instead:
            return None
        entry = self._with_body(verdict.entry, body)
        if entry is None or not self._may_keep(ticket, entry):
            return None
        answer = self._made(ticket, verdict, entry, now, stored=True)
        return answer, hang(ticket.root, ticket.request, entry)

    def _with_body(self, entry: Entry, body: bytes) -> Entry | None:
        """An entry with its body; None: that is not all of it."""
        stated = fields.get_first(entry.headers, "content-length")
        if stated is not None and stated != str(len(body)):  # RFC 9111 §3.3
            return None
        etag, own = entry.etag, False
        if etag is None and entry.status == 200 and self.settings.own_etags:
            encoding = fields.get_combined(entry.headers, "content-encoding")
            etag, own = conditional.make_etag(body, encoding), True
        return msgspec.structs.replace(
            entry,
            # its length is told anew; without it most entries have the same fields
            headers=fields.without(entry.headers, ("content-length",)),
            body=body,
            etag=etag,
            own_etag=own,
        )

    def _keep(self, ticket: Ticket, entry: Entry) -> Generator[Call, Any, bool]:
        """Have the store keep an entry; whether it did."""
        if not self._may_keep(ticket, entry):
            return False
        return (yield from hang(ticket.root, ticket.request, entry))

    def _may_keep(self, ticket: Ticket, entry: Entry) -> bool:
        if len(entry.body) > self.settings.max_body_bytes:
            return False
        # asked once more: axes may have come up since the head was judged
        return not reads_session(ticket.request, entry.axes, self.settings)

    def _made(
        self,
        ticket: Ticket,
        verdict: Verdict,
        entry: Entry,
        now: float,
        *,
        stored: bool,
        status: int | None = None,
    ) -> Answer:
        """The answer from an entry that was made, or made fresh, just now."""
        member = forwarded_member(ticket, self.settings, stored=stored, status=status)
        # RFC 9111 §5.1: what came with an age keeps it
        age = entry.initial_age if entry.initial_age >= 1 else None
        own = verdict.withheld + own_fields(age, member)
        return from_entry(ticket.request, entry, self.settings, now, own)

    def refused(self, ticket: Ticket, status: int) -> Generator[Call, Any, None]:
        """The application raised what is answered with this status."""
        tags = taken_down(ticket, self.settings, status)
        if tags:
            yield Call("invalidate", (tags,))

    def stand_in(self, ticket: Ticket, now: float) -> Answer | None:
        """The answer where the application raised an exception; None: there is none."""
        if ticket.fallback is None:
            return None
        return self._instead(ticket, ticket.fallback, now, None)

    def _instead(self, ticket: Ticket, entry: Entry, now: float, head: Head | None) -> Answer:
        status = 500 if head is None else head.status
        member = forwarded_member(ticket, self.settings, status=status)
        own = own_fields(_age(entry, now), member)
        return from_entry(ticket.request, entry, self.settings, now, own)

    def _conditions(self, ticket: Ticket, verdict: Verdict, now: float) -> Answer | None:
        """Judge the visitor's conditions, which the application was not shown."""
        head = verdict.head
        if ticket.conditionals is None or head is None or head.status not in (200, 206):
            return None
        etag = fields.get_first(head.headers, "etag")
        modified = fields.get_first(head.headers, "last-modified")
        last_modified = None if modified is None else parse_http_date(modified, now)
        if not is_not_modified(ticket.request, etag, last_modified, now):
            return None
        return not_modified(verdict.headers)


def _unusable(
    entry: Entry,
    standing: Standing,
    request: Request,
    control: CacheControl | None,
    age: float,
) -> tuple[str, str]:
    """Why an entry may not answer (fwd, detail); ("", "") when it may."""
    if standing is not Standing.VALID:
        return "stale", "invalidated"
    if not entry.authorized and request.header("authorization") is not None:
        return "request", _AUTHORIZATION  # RFC 9111 §3.5
    if control is not None and control.no_cache:  # RFC 9111 §5.2.1.4
        return "request", "no-cache"
    if entry.always_validate:  # RFC 9111 §5.2.2.4
        return "stale", "no-cache"
    if control is not None:
        stale_too = not entry.never_stale
        if freshness.satisfies_request(age, entry.lifetime, control, may_be_stale=stale_too):
            return "", ""
        return ("request" if age < entry.lifetime else "stale"), ""
    return ("", "") if age < entry.lifetime else ("stale", "")


def _same_until(entry: Entry, age: float, now: float, reach: float) -> float:
    """Until when an answer stays the same: Age and Cache-Status tell whole seconds.

    :param reach: seconds before its end in which the entry may be due.
    :returns: seconds since 1970; the entry is fresh as long.
    """
    left = entry.lifetime - age
    return now + min(1 - age % 1, left % 1, max(0.0, left - reach)) - CLOCK_GRAIN


def _age(entry: Entry, now: float) -> float:
    return freshness.current_age(entry.initial_age, entry.response_time, now)


def _validators(stale: Entry) -> Headers:
    """What to ask the application with in place of the visitor's conditions."""
    found = []
    if stale.etag is not None and not stale.own_etag:
        found.append(("If-None-Match", stale.etag))
    modified = fields.get_first(stale.headers, "last-modified")
    if modified is not None and stale.last_modified is not None:
        found.append(("If-Modified-Since", modified))
    return tuple(found)
