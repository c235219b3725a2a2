"""One request's walk through the engine, the same behind every front door.

A door makes an exchange, takes its steps, renders when there is no answer yet, and sends
what comes out. Whatever goes wrong in here, the door is left with the application's own
response.
"""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import replace
from http import HTTPStatus

from freshpage.cacheability import Cacheability
from freshpage.engine import Answer, Head, Ticket, Verdict
from freshpage.http.fields import Headers
from freshpage.key import encode
from freshpage.performing import Steps, T, contained
from freshpage.request import Request
from freshpage.runtime import Runtime
from freshpage.sharing import Share
from freshpage.tracking.database import uncommitted
from freshpage.tracking.record import Record, current
from freshpage.tracking.uncommitted import Shielded

logger = logging.getLogger("freshpage")

# Conditions of the visitor, judged by us once the response is known.
CONDITIONS = ("if-none-match", "if-modified-since")

# Bytes of a body that a socket takes at once: of a longer one a visitor who reads slowly would
# have others wait until it is stored.
AT_ONCE = 64 * 1024


class Exchange:
    """A request, the record of its render, and what the engine said so far.

    ``store``: the site's, as it is to be seen from here.

    :param axes: what the page depends on, whatever its render reads.
    :param seen: what was read before the request came to this door.
    :param inside: the door stands at a view, below the site's middleware.
    :param outermost: the door can have the whole site render a page behind a visitor's back.
    :param renewing: this is such a render.
    """

    __slots__ = (
        *("_axes", "_engine", "_judged", "_outermost", "_pulse", "_renewing", "_request", "_rest"),
        *("_runtime", "_seen", "_share", "_shares", "record", "store", "ticket", "verdict"),
    )

    def __init__(
        self,
        runtime: Runtime,
        request: Request,
        axes: tuple[str, ...] = (),
        seen: Record | None = None,
        *,
        inside: bool = False,
        outermost: bool = False,
        renewing: bool = False,
    ) -> None:
        self._axes = axes
        self._seen = seen
        self._runtime = runtime
        self._engine = runtime.view_engine if inside else runtime.engine
        self._request = request
        self._outermost = outermost
        self._renewing = renewing
        # within another render nobody is waited for: it may be the one that waits
        self._shares = (inside or outermost) and current() is None
        self._share: Share | None = None
        self._judged: Cacheability | None = None  # what the head was judged with
        self._pulse: int | None = None  # before S0 was read
        self._rest: Steps[bool | None] | None = None  # what is left to do once the answer is out
        written = uncommitted()
        self.store = Shielded(runtime.store, written) if written else runtime.store
        self.ticket: Ticket | None = None
        self.verdict: Verdict | None = None
        self.record: Record | None = None

    def lookup(self) -> Steps[Answer | None]:
        """The answer from the cache; None: render."""
        outcome = yield from self._look_up()
        if isinstance(outcome, Ticket) and self._shares and self._engine.settings.wait:
            sharing = self._runtime.sharing
            shared = yield from contained(sharing.enter(outcome, self._look_up), "waiting")
            if shared is not None:
                outcome, self._share = shared
        if not isinstance(outcome, Ticket):
            return outcome
        self._take(outcome)
        return None

    def renewal(self) -> Steps[bool]:
        """Begin to render a page anew; whether it is to be."""
        now = time.time()
        ticket = yield from contained(self._engine.renew(self._request, now), "renewing a page")
        if ticket is None or ticket.sequence is None:
            return False
        share = yield from contained(self._runtime.sharing.alone(ticket), "renewing a page")
        if share is None:
            return False
        self._share = share
        self._take(replace(ticket, sequence=self._runtime.since(ticket.sequence)))
        return True

    @property
    def page(self) -> bytes:
        """What is rendered anew once at a time: a page, with all that is asked of it."""
        asked = [self._request.query]
        for field in self._request.headers():
            asked += field
        return self._engine.primary(self._request) + encode(asked)

    def _take(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.record = self._new_record()

    def _look_up(self) -> Steps[Answer | Ticket | None]:
        pulse = self._runtime.repeats.pulse()
        outcome = yield from contained(
            self._engine.lookup(self._request, time.time(), renews=self._outermost),
            "looking a page up",
        )
        if isinstance(outcome, Answer):
            self._runtime.repeats.keep(self._request, outcome, pulse)
            if outcome.encode is not None:
                self._runtime.encoder.offer(outcome.encode)
        self._pulse = pulse
        if isinstance(outcome, Ticket) and outcome.sequence is not None:
            return replace(outcome, sequence=self._runtime.since(outcome.sequence))
        return outcome

    def _new_record(self) -> Record:
        clock_ttl = self._engine.settings.clock_ttl
        record = Record(self._axes, self._request, clock_ttl=clock_ttl)
        if self._seen is not None:
            record.absorb(self._seen)
        return record

    def _declared(self) -> Cacheability:
        """What the render declared and read; where nobody watched, what it may have read."""
        assert self.record is not None
        if not self.record.watched:
            # cookies and headers it may have read are not known: its own word decides
            self.record.doubt = self.record.doubt or "unwatched"
            self.record.vary(*self._runtime.unwatched_axes)
        return self.record.cacheability

    @property
    def conditions(self) -> Headers | None:
        """What to ask the application with in place of the visitor's conditions; None: his."""
        return self.ticket.conditionals if self.ticket else None

    def receive(self, head: Head) -> Headers:
        """Judge a response's head; the fields it is passed on with, if it is."""
        if self.ticket is None or self.record is None:
            return head.headers
        self._judged = declared = self._declared()
        try:
            self.verdict = self._engine.receive(
                self.ticket,
                head._replace(explained=frozenset(self.record.explained), doubt=self.record.doubt),
                declared,
                self.record.refusal or self.record.loss,
                time.time(),
            )
        except Exception as fault:
            logger.exception("judging a response failed: %s", fault)
            return head.headers
        if self.verdict.again:
            # A 304 that does not fit what we hold: ask once more, for the whole of it.
            self.ticket = self._engine.unconditional(self.ticket)
            self.record = self._new_record()
        return self.verdict.headers

    @property
    def again(self) -> bool:
        """Whether the application must be asked a second time."""
        return self.verdict is not None and self.verdict.again

    @property
    def keep(self) -> bool:
        """Whether the body is wanted."""
        return self.verdict is not None and self.verdict.keep

    def complete(self, body: bytes, *, settles: bool = False) -> Steps[Answer | None]:
        """Store what is to be stored; what the visitor gets in place of the response.

        :param settles: the door sees to :meth:`settle` when the answer is out, so an entry
            is stored then, if who asks for the page meanwhile waits for it.
        """
        if self.ticket is None or self.verdict is None or self.record is None:
            self.abandon()
            return None
        declared, refusal = self._declared(), self.record.refusal or self.record.loss
        verdict = self.verdict
        if refusal or self.record.doubt or declared != self._judged:  # it went on to read
            verdict = self._engine.amend(verdict, declared, refusal, self.record.doubt)
        now = time.time()
        if settles and len(body) <= AT_ONCE and self._may_wait():
            answer = self._answer_first(self.ticket, verdict, body, now)
            if answer is not None:
                return answer
        completing = self._engine.complete(self.ticket, verdict, body, now)
        return (yield from self._done(completing, verdict))

    def _may_wait(self) -> bool:
        """Whether an entry may be stored when its answer is out, which says that it is.

        So nothing was invalidated since its S0. Who asks for the page meanwhile waits for it;
        who does already is not to wait for a visitor to read.
        """
        flight = self._share.flight if self._share is not None else None
        if flight is None or flight.crowd or self._pulse is None or self._runtime.past:
            return False
        return self._pulse == self._runtime.repeats.pulse()

    def _answer_first(
        self, ticket: Ticket, verdict: Verdict, body: bytes, now: float
    ) -> Answer | None:
        try:
            first = self._engine.answer_first(ticket, verdict, body, now)
        except Exception as fault:
            logger.exception("answering before storing failed: %s", fault)
            return None
        if first is None:
            return None
        answer, storing = first
        self._rest = self._done(storing, verdict)
        return answer

    def _done(self, storing: Steps[T], verdict: Verdict) -> Steps[T | None]:
        """Take these steps, then have those who wait go on."""
        assert self.ticket is not None
        done = yield from contained(storing, "storing a page")
        share, self._share = self._share, None
        if share is not None:
            leave = self._runtime.sharing.leave(
                share, storable=_is_stored(verdict), failed=_has_failed(verdict)
            )
            yield from contained(leave, "ending a render")
        self._runtime.repeats.forget(self.ticket.root)
        self._runtime.tidy()
        return done

    def settle(self) -> Steps[None]:
        """The answer is out: do what is left."""
        rest, self._rest = self._rest, None
        if rest is not None:
            yield from rest

    def too_large(self) -> Steps[None]:
        """The body turned out too large to be stored: nobody is to wait for the rest of it."""
        share, self._share = self._share, None
        if share is not None:
            leave = self._runtime.sharing.leave(share, storable=False, failed=False)
            yield from contained(leave, "ending a render")

    def refused(self, status: int) -> Steps[None]:
        """A view raised what the site answers with this status."""
        self.abandon()
        if self.ticket is not None:
            yield from contained(self._engine.refused(self.ticket, status), "taking a page down")

    def failed(self) -> Answer | None:
        """The answer where the application raised an exception; None: let it be raised."""
        self.abandon()
        if self.ticket is None:
            return None
        try:
            answer = self._engine.stand_in(self.ticket, time.time())
        except Exception as fault:
            logger.exception("standing in for a page failed: %s", fault)
            return None
        if answer is not None:
            logger.error(
                "the application failed; its visitor got the last good page",
                exc_info=sys.exc_info(),
            )
        return answer

    def abandon(self) -> None:
        """The render ended without a result: nobody is to wait for it."""
        self._rest = None
        share, self._share = self._share, None
        if share is not None:
            self._runtime.sharing.abandon(share)


def _is_stored(verdict: Verdict) -> bool:
    return verdict.keep or (verdict.freshened is not None and not verdict.refusal)


def _has_failed(verdict: Verdict) -> bool:
    return verdict.head is not None and verdict.head.status >= HTTPStatus.INTERNAL_SERVER_ERROR
