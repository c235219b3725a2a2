"""The store protocol: what every store does, and what the tiers and doors may rely on.

Stores are synchronous. One whose calls may wait on I/O says so (``blocking``), and async
doors run those on a worker thread after a ``peek``; so each rule is written once.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from enum import Enum
from typing import Final, Literal, NamedTuple, Protocol

from freshpage.entry import Entry, Node
from freshpage.sequence import Sequence, Standing
from freshpage.stores.leases import Leases

TAG_RECORDS = 100_000  # invalidated tags a store remembers before its floor rises


class StoreError(Exception):
    """The store can't do what was asked; the message says why, for whoever runs it."""


class Held(NamedTuple):
    """What a store holds under a key."""

    node: Node
    standing: Standing  # always VALID for axes


class Wait(Enum):
    """The type of WAIT."""

    WAIT = "the answer may take I/O: use get"


WAIT: Final = Wait.WAIT
Peek = Held | None | Literal[Wait.WAIT]


class StoreStats(NamedTuple):
    """What a store holds; None where it can't tell cheaply."""

    entries: int | None
    bytes: int | None


class Store(Protocol):
    """Keeps nodes by key, and one sequence a tag.

    Any method may raise StoreError (or what its client library raises): doors treat every
    exception as "no answer". No method hands out an entry whose bytes did not verify.
    A store may be used by any thread, and by a process forked after it was made.

    Keys carry their site's prefix already; tags get it from the store, so that sites that
    share a file or server do not invalidate each other's pages.
    """

    blocking: bool
    instant_pulse: bool  # pulse() takes no I/O, though other calls may

    def pulse(self) -> int:
        """A number, cheap to get, that differs from an earlier one whenever a tag may have
        been invalidated in between, by any process.
        """

    def sequence(self) -> Sequence:
        """The sequence now: an S0. Invalidations that returned are counted in it."""

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``, with its standing; a bad entry is None.

        What is past its ``expires`` may still be held: its age is for the caller to judge.
        """

    def peek(self, key: bytes) -> Peek:
        """What ``get`` would return, where that takes no I/O; else WAIT."""

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node until its ``expires`` or as long as there is room.

        :returns: False when it was not kept: too large, or invalid already.
        """

    def delete(self, key: bytes) -> None:
        """Forget one key.

        Another process may still have it in its memory: what must not be served by anybody
        is invalidated.
        """

    def standing(self, entry: Entry) -> Standing:
        """How an entry's S0 and tags stand now."""

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence; its cost does not grow with the entries.

        When this has returned, no process that shares the store finds an entry with one of
        the tags VALID whose S0 is older. When it raises, that is not certain.

        :returns: the sequence given.
        """

    def note(self, item: bytes) -> None:
        """Add to the notes: what every process that writes must know of.

        They live as long as the epoch: a store that loses one starts another.
        """

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark, and the mark after them; some may come twice.

        :param since: 0, or a mark given in the same epoch.
        """

    def leases(self) -> Leases:
        """Leases among all processes that share the store."""

    def sweep(self, now: float) -> int:
        """Drop what expired before ``now`` (seconds since 1970) and keep within budget.

        :returns: the number of nodes dropped.
        """

    def stats(self) -> StoreStats:
        """What is held."""

    def close(self) -> None:
        """Release connections and files; the store may be used again afterwards."""


def random_epoch() -> int:
    """An epoch for a new life of a store: 52 bits, so that any number format holds it."""
    return secrets.randbits(52) | 1


def random_number() -> int:
    """Where the counter of a new life starts: no two lives count through the same numbers,
    so a pulse remembered from a former one never matches.
    """
    return secrets.randbits(48)
