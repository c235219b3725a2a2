"""Leases among the processes of a machine: locked bytes of one file.

The system frees a lock when its process ends, however it ends, so nothing is left behind.
Each key has a place in the file, of 16 bytes: when its lease was taken, and until when
nobody needs one. Two keys that meet at a place wait for each other, no more.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from freshpage.key import digest
from freshpage.stores.leases import Grant

PLACES = 1 << 16
SIZE = 16  # bytes a place takes

_TIMES = struct.Struct("<dd")


class LeaseFile:
    """A file of leases.

    Locks belong to the process: of its own threads, :mod:`freshpage.flights` lets one ask.

    :param path: of the file, which is made when it is first used.
    :param clock: seconds since 1970.
    """

    blocking = False  # a few system calls

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._file = -1
        self._process = 0
        self._held: dict[int, tuple[bytes, float]] = {}  # since when
        self._seen: dict[int, float] = {}  # since when others had leases, as last seen

    def take(self, key: bytes, seconds: float) -> Grant:
        """Ask for a key's lease.

        :raises OSError: what the system says.
        """
        place, now = _place(key), self._clock()
        with self._lock:
            file = self._opened()
            if place in self._held and 0 <= now - self._held[place][1] < seconds:
                return Grant.BUSY
            since, open_until = _TIMES.unpack(os.pread(file, SIZE, place) or bytes(SIZE))
            if now < open_until:
                return Grant.OPEN
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                return self._of_another(place, since, now, seconds)
            self._held[place] = (key, now)
            os.pwrite(file, _TIMES.pack(now, 0.0), place)
            return Grant.TAKEN

    def _of_another(self, place: int, since: float, now: float, seconds: float) -> Grant:
        """Whoever has it for longer has lost his right; a clock set back takes none.

        He has the lock a moment before he says since when: what is there may be another's
        that had it before, so it has to be seen twice.
        """
        if 0 <= now - since < seconds or self._seen.get(place) != since:
            self._seen[place] = since
            return Grant.BUSY
        return Grant.TAKEN

    def free(self, key: bytes) -> None:
        """Give a lease back."""
        place = _place(key)
        with self._lock:
            if self._process == os.getpid() and self._held.get(place, ("",))[0] == key:
                del self._held[place]
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def leave_open(self, key: bytes, seconds: float) -> None:
        """Grant OPEN to everybody for a while."""
        with self._lock:
            file, place, now = self._opened(), _place(key), self._clock()
            os.pwrite(file, _TIMES.pack(now, now + seconds), place)

    def shut(self, key: bytes) -> None:
        """Grant OPEN no more."""
        with self._lock:
            file, place = self._opened(), _place(key)
            since, open_until = _TIMES.unpack(os.pread(file, SIZE, place) or bytes(SIZE))
            if open_until:
                os.pwrite(file, _TIMES.pack(since, 0.0), place)

    def close(self) -> None:
        """Close the file, and with it give back every lease."""
        with self._lock:
            if self._file >= 0 and self._process == os.getpid():
                os.close(self._file)
            self._file, self._held = -1, {}

    def _opened(self) -> int:
        """The file, of this process's own: locks are not inherited by a fork."""
        if self._file < 0 or self._process != os.getpid():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._process, self._held = os.getpid(), {}
        return self._file


def _place(key: bytes) -> int:
    return int.from_bytes(digest(key)[:8], "big") % PLACES * SIZE
