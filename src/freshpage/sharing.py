"""One render for a crowd (contract 6): who asks for a page that is being rendered waits.

Within the process by a flight, among processes by a lease of the store. Who has waited looks
the page up again, as if he had just come: so he gets what is public and his own variant, or
nothing. Nobody waits longer than a limit, or for what turned out not storable.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from freshpage.flights import End, Flight, Flights
from freshpage.outcome import Answer, Ticket
from freshpage.performing import Ask, Pause, Steps, Wait
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
    """A render that others wait for.

    :param leased: other processes do, too.
    :param personal: who renders has a session or credentials.
    """

    flight: Flight
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
            if not _is_shareable(ticket) or left <= 0 or self.flights.is_open(key, personal):
                return Shared(ticket)
            flight, own = self.flights.join(key, limit)
            if own:
                found = yield from self._lead(flight, ticket, look_up, deadline, personal)
                if found is not None:
                    return found
            else:
                yield Wait(flight, left)
                alone = flight.end is None or flight.end is End.OPEN
                if alone or (flight.end is End.LOST and personal):
                    return Shared(ticket)
            outcome = yield from look_up()
            if not isinstance(outcome, Ticket):
                return Shared(outcome)
            ticket = outcome
        return Shared(ticket)

    def _lead(
        self, flight: Flight, ticket: Ticket, look_up: LookUp, deadline: float, personal: bool
    ) -> Steps[Shared | None]:
        """Lead the process's crowd; None: the page lies elsewhere now, join there."""
        share = Share(flight, False, personal)
        try:
            grant = yield from self._ask(flight, look_up, deadline)
            share = Share(flight, grant is Grant.TAKEN, personal)
            if isinstance(grant, Shared):
                outcome: Answer | Ticket | None = grant.outcome
            elif grant is Grant.OPEN:
                self.flights.end(flight, End.OPEN)
                return Shared(ticket)
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
        share = Share(flight, False, False)
        try:
            asked = Ask(self._leases.take, (flight.key, limit), self._leases.blocking)
            grant: Grant | None = yield asked
        except BaseException:
            self.abandon(share)
            raise
        if grant is Grant.BUSY:
            self.flights.end(flight, End.LANDED)
            return None
        return Share(flight, grant is Grant.TAKEN, False)

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
        key, seconds = share.flight.key, self._settings.hit_for_miss
        end = End.LANDED if storable else End.LOST if share.personal else End.OPEN
        if storable:
            self.flights.close(key)
        elif not failed and seconds:
            self.flights.leave_open(key, share.personal, seconds)
        self.flights.end(share.flight, end)
        if not share.leased:
            return
        if end is End.OPEN and not failed and seconds:
            yield Ask(self._leases.leave_open, (key, seconds), self._leases.blocking)
        yield Ask(self._leases.free, (key,), self._leases.blocking)

    def abandon(self, share: Share) -> None:
        """The render ended without a result: another may try."""
        self.flights.end(share.flight, End.LOST)
        if share.leased and not self._leases.blocking:  # others end by themselves
            self._leases.free(share.flight.key)


def _is_shareable(ticket: Ticket) -> bool:
    """Whether what is rendered may be for others too."""
    return (
        ticket.request.method == "GET"
        and ticket.conditionals is not None
        and ticket.sequence is not None
        and ticket.fwd != "request"
    )
