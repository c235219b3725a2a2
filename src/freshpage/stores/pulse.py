"""A few bytes of a file, shared by every process that uses one database file.

They hold the database's epoch and its sequence number, doubled, with one added while an
invalidation is under way: an odd pulse is trusted by nobody, so a process that dies in the
middle leaves memories distrusted, never stale. They change only under a lock on the file.
A read is one system call: to read a mapping would be cheaper, and the end of the process
where somebody truncates the file. It is looked for once a second, should it be deleted.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import struct
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from freshpage.stores.base import StoreError, random_epoch, random_number

_LAYOUT = struct.Struct("=8sQQ16s")  # magic, epoch, pulse, boot
_HEAD = struct.Struct("=8sQQ")
_WORD = struct.Struct("=Q")
_MAGIC = b"frshpge\x01"
_EPOCH, _PULSE = 1, 2  # words of eight bytes
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LOOK_EVERY = 1.0  # seconds
_FIRST_NAP, _LONGEST_NAP = 0.0005, 0.01  # seconds between tries for the lock

_distrusted = itertools.count(-1, -1)


class Pulse:
    """The shared bytes; made by :meth:`open`.

    :param fd: is closed along with it.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd
        self._identity = _identity(os.fstat(fd))
        weakref.finalize(self, _close, fd, self._identity).atexit = False
        self._known: tuple[bytes | None, int] = None, 0  # what was read last
        self._looked = time.monotonic()

    @classmethod
    def open(cls, path: Path, timeout: float) -> Pulse:
        """Open the file, made where there is none.

        :param timeout: seconds to wait for its lock.
        :raises StoreError: when it is something else, or locked for longer.
        :raises OSError: when it can't be made or opened.
        """
        with _locked(path, timeout) as fd:
            found = os.pread(fd, _LAYOUT.size, 0)
            if len(found) < _LAYOUT.size:
                found = _LAYOUT.pack(_MAGIC, random_epoch(), 2 * random_number(), boot_id())
                os.pwrite(fd, found, 0)  # written, not only reserved: its blocks exist
            magic, _, pulse, boot = _LAYOUT.unpack(found)
            if magic != _MAGIC:
                raise StoreError(f"{path} is none of freshpage's: delete it")
            if boot != boot_id():
                # what was not yet on the disk when the machine stopped is lost
                found = _LAYOUT.pack(_MAGIC, random_epoch(), pulse + 2, boot_id())
                os.pwrite(fd, found, 0)
            return cls(path, os.dup(fd))

    def read(self) -> int:
        """The pulse; while it is odd or not there, a number that never comes again."""
        try:
            found = os.pread(self._fd, _HEAD.size, 0)
        except OSError:
            return next(_distrusted)
        known, pulse = self._known
        return pulse if found == known else self._learn(found)

    def _learn(self, found: bytes) -> int:
        # it may be another file's, where somebody closed ours: daemons close all there are
        if len(found) < _HEAD.size or not found.startswith(_MAGIC):
            return next(_distrusted)
        pulse: int = _HEAD.unpack(found)[2]
        if pulse & 1:
            return next(_distrusted)
        self._known = found, pulse
        return pulse

    def head(self) -> tuple[int, int]:
        """The epoch of the database that is in use, and the sequence number of the last
        invalidation that returned.

        :raises StoreError: when they are gone.
        """
        try:
            magic, epoch, pulse = _HEAD.unpack(os.pread(self._fd, _HEAD.size, 0))
        except (OSError, struct.error) as error:
            raise StoreError(f"{self._path} was truncated or closed: {error}") from error
        if magic != _MAGIC:
            raise StoreError(f"{self._path} was overwritten or closed")
        return epoch, pulse >> 1

    @property
    def epoch(self) -> int:
        """The epoch of the database that is in use."""
        return self.head()[0]

    @property
    def number(self) -> int:
        """The sequence number of the last invalidation that returned."""
        return self.head()[1]

    def replaced(self, *, now: bool = False) -> bool:
        """Whether the file was deleted, replaced or truncated behind our back.

        :param now: look at once, not once a second.
        """
        time_now = time.monotonic()
        if not now and time_now - self._looked < _LOOK_EVERY:
            return False
        try:
            if _identity(self._path.stat()) != self._identity:
                return True
            self.head()
            if os.fstat(self._fd).st_size < _LAYOUT.size:
                return True
        except (OSError, StoreError):
            return True
        self._looked = time_now
        return False

    @contextmanager
    def change(self, timeout: float) -> Iterator[Change]:
        """Hold the lock under which the bytes, and the database's tags, may change.

        :param timeout: seconds to wait for it.
        :raises StoreError: when it is not to be had.
        """
        with _locked(self._path, timeout) as fd:
            if _identity(os.fstat(fd)) != self._identity:
                raise StoreError(f"{self._path} was replaced while in use")
            self.head()  # written to, what is truncated would look like another's file
            yield Change(self, fd)


class Change:
    """What the holder of the lock may do."""

    def __init__(self, pulse: Pulse, fd: int) -> None:
        self._pulse = pulse
        self._fd = fd

    @property
    def epoch(self) -> int:
        """The epoch of the database that is in use."""
        return self._pulse.epoch

    @property
    def number(self) -> int:
        """The sequence number of the last invalidation that returned."""
        return self._pulse.number

    def begin(self) -> None:
        """An invalidation is under way."""
        self._write(_PULSE, 2 * self.number + 1)

    def finish(self, number: int) -> None:
        """It is done, and had this sequence number."""
        self._write(_PULSE, 2 * number)

    def renew_epoch(self) -> None:
        """Make everything stored so far invalid; to be finished like an invalidation."""
        self.begin()
        self._write(_EPOCH, random_epoch())

    def _write(self, word: int, value: int) -> None:
        # a write to the mapping would be a signal, not an error, on a full disk
        os.pwrite(self._fd, _WORD.pack(value), word * _WORD.size)


@cache
def boot_id() -> bytes:
    """Names this run of the machine, in 16 bytes; zeros where the system has no name for it."""
    try:
        return bytes.fromhex(_BOOT_ID.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)


@contextmanager
def _locked(path: Path, timeout: float) -> Iterator[int]:
    """An open file with its lock held, and still the one at ``path``."""
    deadline = time.monotonic() + timeout
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(fd, path, deadline)
            if _is_at(fd, path):
                yield fd
                return
        finally:
            # a child forked meanwhile shares the lock, so closing is not enough
            fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)


def _lock(fd: int, path: Path, deadline: float) -> None:
    nap = _FIRST_NAP
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreError(f"{path} is locked by another process") from None
        time.sleep(nap)
        nap = min(2 * nap, _LONGEST_NAP)


def _is_at(fd: int, path: Path) -> bool:
    try:
        return _identity(path.stat()) == _identity(os.fstat(fd))
    except FileNotFoundError:
        return False


def _close(fd: int, identity: tuple[int, int]) -> None:
    with suppress(OSError):
        if _identity(os.fstat(fd)) == identity:  # else somebody did, and it is another's now
            os.close(fd)


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino
