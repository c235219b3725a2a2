"""One render for a crowd (contract 6): who asks for a page that is being rendered waits.

Within the process by a flight, among processes by a lease of the store. Who has waited looks
the page up again, as if he had just come: so he gets what is public and his own variant, or
nothing. Nobody waits longer than a limit, or for what turned out not storable.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from freshpage.flights import End, Flight, Flights
from freshpage.outcome import Answer, Ticket
from freshpage.performing import Ask, Pause, Steps, Wait, tell
from freshpage.settings import Settings
from freshpage.staleness import is_personal
from freshpage.stores.leases import Grant, Leases

ROUNDS = 3  # flights of one key that a request waits for: something ends its page each time
BRIEFEST = 0.25  # seconds that are waited at least, however fast the page usually is
USUAL = 3  # times what a page usually takes to render are waited for
PAUSES = (0.004, 0.1)  # seconds between two looks at another process's lease, growing

LookUp = Callable[[], Steps[Answer | Ticket | None]]


@dataclass(frozen=True, slots=True)
class Share:
    """What a render owes the others.

    :param flight: they wait for it; None: they render side by side, until something is stored.
    :param leased: other processes wait, too.
    :param personal: who renders has a session or credentials.
    """

    key: bytes
    flight: Flight | None
    leased: bool
    personal: bool


class Shared(NamedTuple):
    """What a request comes away with: an answer, or a ticket and what it owes the others."""

    outcome: Answer | Ticket | None
    share: Share | None = None


class Sharing:
    """The renders that a process shares.

    :param clock: seconds that only grow.
    """

    def __init__(
        self, settings: Settings, leases: Leases, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.flights = Flights(clock)
        self._process = os.getpid()
        self._settings = settings
        self._leases = leases
        self._clock = clock

    # -- before a render -----------------------------------------------------------------

    def enter(self, ticket: Ticket, look_up: LookUp) -> Steps[Shared]:
        """Wait for who renders the page already, or make it known that this one does.

        :param look_up: asks for the page once more.
        """
        self._after_fork()
        limit = self._limit(ticket)
        deadline = self._clock() + limit
        personal = is_personal(ticket.request, self._settings)
        for _ in range(ROUNDS):
            key = ticket.place
            left = deadline - self._clock()
            if not _is_shareable(ticket) or left <= 0:
                return Shared(ticket)
            if self.flights.is_open(key, personal):
                return Shared(ticket, Share(key, None, False, personal))
            flight, own = self.flights.join(key, limit)
            if own:
                found = yield from self._lead(flight, ticket, look_up, deadline, personal)
                if found is not None:
                    return found
            else:
                yield Wait(flight, left)
                if flight.end is None or (flight.end is End.LOST and personal):
                    return Shared(ticket)
                if flight.end is End.OPEN:
                    return Shared(ticket, Share(key, None, False, personal))
            outcome = yield from look_up()
            if not isinstance(outcome, Ticket):
                return Shared(outcome)
            ticket = outcome
        return Shared(ticket)

    def _lead(
        self, flight: Flight, ticket: Ticket, look_up: LookUp, deadline: float, personal: bool
    ) -> Steps[Shared | None]:
        """Lead the process's crowd; None: the page lies elsewhere now, join there."""
        share = Share(flight.key, flight, False, personal)
        try:
            grant = yield from self._ask(flight, look_up, deadline)
            share = replace(share, leased=grant is Grant.TAKEN)
            if isinstance(grant, Shared):
                outcome: Answer | Ticket | None = grant.outcome
            elif grant is Grant.OPEN:
                self.flights.end(flight, End.OPEN)
                return Shared(ticket, replace(share, flight=None))
            else:
                outcome = yield from look_up()  # another process may just have stored it
        except BaseException:  # who waited went away
            self.abandon(share)
            raise
        if isinstance(outcome, Ticket) and outcome.place == flight.key:
            return Shared(outcome, share)
        self.flights.end(flight, End.LANDED)
        if share.leased:
            yield Ask(self._leases.free, (flight.key,), self._leases.blocking)
        return None if isinstance(outcome, Ticket) else Shared(outcome)

    def alone(self, ticket: Ticket) -> Steps[Share | None]:
        """The share of a render behind a visitor's back; None: somebody renders the page."""
        self._after_fork()
        limit = self._limit(ticket)
        flight, own = self.flights.join(ticket.place, limit)
        if not own:
            return None
        share = Share(flight.key, flight, False, False)
        try:
            asked = Ask(self._leases.take, (flight.key, limit), self._leases.blocking)
            grant: Grant | None = yield asked
        except BaseException:
            self.abandon(share)
            raise
        if grant is Grant.BUSY:
            self.flights.end(flight, End.LANDED)
            return None
        return replace(share, leased=grant is Grant.TAKEN)

    def _ask(
        self, flight: Flight, look_up: LookUp, deadline: float
    ) -> Steps[Grant | Shared | None]:
        """Ask for the lease, until it is granted or what it is for is there."""
        pause, longest = PAUSES
        while True:
            grant: Grant | None = yield Ask(
                self._leases.take, (flight.key, flight.limit), self._leases.blocking
            )
            if grant is not Grant.BUSY or self._clock() >= deadline:
                return grant
            yield Pause(pause)
            pause = min(pause * 1.5, longest)
            outcome = yield from look_up()
            if not isinstance(outcome, Ticket):
                return Shared(outcome)

    def _after_fork(self) -> None:
        """What the parent renders is not under way here."""
        if self._process != os.getpid():
            self.flights, self._process = Flights(self._clock), os.getpid()

    def _limit(self, ticket: Ticket) -> float:
        longest = self._settings.wait
        return min(longest, max(BRIEFEST, USUAL * ticket.usual)) if ticket.usual else longest

    # -- after it ------------------------------------------------------------------------

    def leave(self, share: Share, *, storable: bool, failed: bool) -> Steps[None]:
        """Have the others go on.

        :param storable: what was rendered is stored, or would be if the store kept it.
        :param failed: the application did: that says nothing of the page.
        """
        if storable:
            self.flights.close(share.key)
        if share.flight is None:
            if storable:
                yield Ask(self._leases.shut, (share.key,), self._leases.blocking)
            return
        end = End.LANDED if storable else End.LOST if share.personal else End.OPEN
        seconds = 0.0 if storable or failed else self._settings.hit_for_miss
        if seconds:
            self.flights.leave_open(share.key, share.personal, seconds)
        current = self.flights.end(share.flight, end)
        if not share.leased or not current:  # the lease may be another's by now
            return
        if seconds and end is End.OPEN:
            yield Ask(self._leases.leave_open, (share.key, seconds), self._leases.blocking)
        yield Ask(self._leases.free, (share.key,), self._leases.blocking)

    def abandon(self, share: Share) -> None:
        """The render ended without a result: another may try."""
        if share.flight is None or not self.flights.end(share.flight, End.LOST):
            return
        if not share.leased:
            return
        if not self._leases.blocking:
            self._free(share.key)
            return
        # not here: it may be an event loop, or a task that was cancelled
        free = threading.Thread(
            target=self._free, args=(share.key,), name="freshpage-lease", daemon=True
        )
        try:
            free.start()
        except RuntimeError as fault:  # no more threads: the lease ends with its time
            tell("a lease could not be given back", fault)

    def _free(self, key: bytes) -> None:
        try:
            self._leases.free(key)
        except Exception as fault:
            tell("a lease could not be given back", fault)


def _is_shareable(ticket: Ticket) -> bool:
    """Whether what is rendered may be for others too."""
    return (
        ticket.request.method == "GET"
        and ticket.conditionals is not None
        and ticket.sequence is not None
        and ticket.fwd != "request"
    )
