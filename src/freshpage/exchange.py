"""One request's walk through the engine, the same behind every front door.

A door makes an exchange, takes its steps, renders when there is no answer yet, and sends
what comes out. Whatever goes wrong in here, the door is left with the application's own
response.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from freshpage.cacheability import Cacheability
from freshpage.engine import Answer, Head, Ticket, Verdict
from freshpage.http.fields import Headers
from freshpage.performing import Steps, contained
from freshpage.request import Request
from freshpage.runtime import Runtime
from freshpage.tracking.database import uncommitted
from freshpage.tracking.record import Record
from freshpage.tracking.uncommitted import Shielded

logger = logging.getLogger("freshpage")

# Conditions of the visitor, judged by us once the response is known.
CONDITIONS = ("if-none-match", "if-modified-since")


class Exchange:
    """A request, the record of its render, and what the engine said so far.

    ``store``: the site's, as it is to be seen from here.

    :param axes: what the page depends on, whatever its render reads.
    :param seen: what was read before the request came to this door.
    :param inside: the door stands at a view, below the site's middleware.
    """

    __slots__ = (
        *("_axes", "_engine", "_request", "_runtime", "_seen", "record", "store", "ticket"),
        "verdict",
    )

    def __init__(
        self,
        runtime: Runtime,
        request: Request,
        axes: tuple[str, ...] = (),
        seen: Record | None = None,
        *,
        inside: bool = False,
    ) -> None:
        self._axes = axes
        self._seen = seen
        self._runtime = runtime
        self._engine = runtime.view_engine if inside else runtime.engine
        self._request = request
        written = uncommitted()
        self.store = Shielded(runtime.store, written) if written else runtime.store
        self.ticket: Ticket | None = None
        self.verdict: Verdict | None = None
        self.record: Record | None = None

    def lookup(self) -> Steps[Answer | None]:
        """The answer from the cache; None: render."""
        pulse = self._runtime.repeats.pulse()
        outcome = yield from contained(
            self._engine.lookup(self._request, time.time()), "looking a page up"
        )
        if isinstance(outcome, Answer):
            self._runtime.repeats.keep(self._request, outcome, pulse)
        if not isinstance(outcome, Ticket):
            return outcome
        if outcome.sequence is not None:
            outcome = replace(outcome, sequence=self._runtime.since(outcome.sequence))
        self.ticket = outcome
        self.record = self._new_record()
        return None

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
        declared = self._declared()
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

    def complete(self, body: bytes) -> Steps[Answer | None]:
        """Store what is to be stored; what the visitor gets in place of the response."""
        if self.ticket is None or self.verdict is None or self.record is None:
            return None
        answer = yield from contained(
            self._engine.complete(
                self.ticket,
                self._engine.amend(
                    self.verdict,
                    self._declared(),
                    self.record.refusal or self.record.loss,
                    self.record.doubt,
                ),
                body,
                time.time(),
            ),
            "storing a page",
        )
        self._runtime.repeats.forget(self.ticket.root)
        self._runtime.tidy()
        return answer
