"""Renders under way in this process: who asks for the same page waits for the first.

A flight is one render of one key. Threads and asyncio tasks wait for it alike: whoever ends
it calls each of them back.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from enum import Enum

FORGOTTEN = 10_000  # keys remembered as not storable, at most


class End(Enum):
    """What became of a flight."""

    LANDED = "what was rendered is stored"
    LOST = "it was not stored, for who rendered it has a session or credentials"
    OPEN = "it can't be stored"


class Flight:
    """One render that others may wait for.

    :param limit: seconds after which it has no right to be waited for.
    """

    __slots__ = ("_lock", "_waiting", "end", "key", "limit", "started")

    def __init__(self, key: bytes, limit: float, started: float) -> None:
        self.key = key
        self.limit = limit
        self.started = started
        self.end: End | None = None
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], object]] = []

    def call_back(self, act: Callable[[], object]) -> None:
        """Act when the flight has ended; at once, if it has."""
        with self._lock:
            if self.end is None:
                self._waiting.append(act)
                return
        act()

    @property
    def crowd(self) -> int:
        """How many have been waiting for it."""
        return len(self._waiting)

    def finish(self, end: End) -> None:
        """Call everybody back, once."""
        with self._lock:
            if self.end is not None:
                return
            self.end = end
            waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    def wait(self, seconds: float) -> None:
        """Wait in a thread until the flight has ended, or for so long."""
        ended = threading.Event()
        self.call_back(ended.set)
        ended.wait(seconds)

    async def wait_async(self, seconds: float) -> None:
        """Wait in a task until the flight has ended, or for so long."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(ended.set)

        self.call_back(tell)
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return


class Flights:
    """A process's flights, and the keys nobody waits for.

    :param clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[bytes, Flight] = {}
        self._open: dict[tuple[bytes, bool], float] = {}  # until when

    def join(self, key: bytes, limit: float) -> tuple[Flight, bool]:
        """The flight of a key, and whether it is the caller's own to make.

        One that has been under way for longer than its limit has lost its right.
        """
        now = self._clock()
        with self._lock:
            flight = self._under_way.get(key)
            if flight is not None and now - flight.started < flight.limit:
                return flight, False
            flight = self._under_way[key] = Flight(key, limit, now)
            return flight, True

    def end(self, flight: Flight, end: End) -> bool:
        """End a flight: whoever waits for it goes on.

        :returns: False where it had lost its right to another.
        """
        with self._lock:
            current = self._under_way.get(flight.key) is flight
            if current:
                del self._under_way[flight.key]
        flight.finish(end)
        return current

    def under_way(self) -> list[Flight]:
        """The renders under way."""
        return list(self._under_way.values())

    def leave_open(self, key: bytes, personal: bool, seconds: float) -> None:
        """Have nobody wait for a key for a while: what it gives can't be stored.

        :param personal: for who has a session or credentials; else for all others.
        """
        now = self._clock()
        with self._lock:
            if len(self._open) >= FORGOTTEN:
                self._open = {each: until for each, until in self._open.items() if until > now}
                if len(self._open) >= FORGOTTEN:
                    self._open.clear()
            self._open[key, personal] = now + seconds

    def is_open(self, key: bytes, personal: bool) -> bool:
        """Whether nobody waits for a key."""
        until = self._open.get((key, personal))
        return until is not None and self._clock() < until

    def close(self, key: bytes) -> None:
        """A key was stored after all: its crowd waits again."""
        for personal in (False, True):
            self._open.pop((key, personal), None)
