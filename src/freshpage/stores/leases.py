"""Leases: of all processes that share a store, one renders a page at a time."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Grant(Enum):
    """What who asks for a lease is told."""

    TAKEN = "it is the caller's"
    BUSY = "another process has it"
    OPEN = "nobody needs one: what the key gives can't be stored"


class Leases(Protocol):
    """Leases by key. Each method may raise what its server or system raises: then go on alone."""

    blocking: bool  # calls may take I/O on a network

    def take(self, key: bytes, seconds: float) -> Grant:
        """Ask for a key's lease.

        :param seconds: after which it may be given to another.
        """

    def free(self, key: bytes) -> None:
        """Give back what :meth:`take` granted, if it still is the caller's."""

    def leave_open(self, key: bytes, seconds: float) -> None:
        """Grant OPEN to everybody for a while."""

    def shut(self, key: bytes) -> None:
        """Grant OPEN no more: what the key gives can be stored after all."""

    def close(self) -> None:
        """Release what is held."""


class NoLeases:
    """For a store that no other process shares."""

    blocking = False

    def take(self, key: bytes, seconds: float) -> Grant:
        """Granted."""
        return Grant.TAKEN

    def free(self, key: bytes) -> None:
        """Nothing to do."""

    def leave_open(self, key: bytes, seconds: float) -> None:
        """Nothing to do: the process's flights know."""

    def shut(self, key: bytes) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
