"""What this machine's processes owe their store, should they not live to pay it.

Each process has a file of its own, locked as long as it lives. In it stands what it is about
to commit, and what it could not tell the store; mostly nothing. A file with something in it
that nobody has locked is of a process that died meanwhile: whoever finds it pays.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import msgspec

logger = logging.getLogger("freshpage")


class Debts(msgspec.Struct, frozen=True):
    """What a process left behind.

    :param meant: tables it was writing to.
    :param owed: tags it could not invalidate.
    :param all: it can't be told.
    """

    meant: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    all: bool = False


_NONE = Debts()
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Debts)


class Ledger:
    """The files of a machine's processes, and this process's own.

    :param directory: made where it is missing. Where that can't be, nothing is written down;
        it is said once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._file = -1
        self._name = ""
        self._process = 0
        self._meant: dict[int, tuple[str, ...]] = {}
        self._owed: frozenset[str] = frozenset()
        self._last = 0

    # -- what this process owes ----------------------------------------------------------

    def mean(self, tables: Collection[str]) -> int:
        """Write down that some tables are about to change; a number for :meth:`done`."""
        with self._lock:
            self._own()
            self._last += 1
            self._meant[self._last] = tuple(tables)
            self._write()
            return self._last

    def done(self, number: int) -> None:
        """The store has been told, or what it was not told is owed."""
        with self._lock:
            if self._meant.pop(number, None) is not None:
                self._write()

    def owe(self, tags: Collection[str]) -> None:
        """Write down the tags that wait to be invalidated; none: all were."""
        with self._lock:
            self._own()
            self._owed = frozenset(tags)
            self._write()

    def _write(self) -> None:
        if self._file < 0:
            return
        meant = {table for tables in self._meant.values() for table in tables}
        debts = Debts(tuple(meant), tuple(self._owed))
        try:
            data = b"" if debts == _NONE else _encoder.encode(debts)
            os.pwrite(self._file, data, 0)
            os.ftruncate(self._file, len(data))
        except OSError as error:
            self._give_up(error)

    def _own(self) -> None:
        """Have a file of this process's own: a fork inherits neither it nor the lock."""
        if self._process == os.getpid():
            return
        self._process, self._file, self._meant = os.getpid(), -1, {}
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            while self._file < 0:
                self._name = f"{self._process}-{secrets.token_hex(4)}"
                path = self._directory / self._name
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                fcntl.lockf(file, fcntl.LOCK_EX)
                if os.fstat(file).st_nlink:  # nobody took it for a dead one's meanwhile
                    self._file = file
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._file = -1
        logger.warning(
            "%s: %s: should a process be killed between a commit and its invalidation, pages"
            " may stay that show what was before",
            self._directory,
            error.strerror,
        )

    # -- what the dead left --------------------------------------------------------------

    def settle(self, pay: Callable[[Debts], object]) -> None:
        """Have the debts of dead processes paid.

        :param pay: whatever it raises is passed on, and the debts stay.
        """
        for path in self._others():
            try:
                file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                continue  # another process was quicker
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                debts = _read(file)
                if debts != _NONE:
                    pay(debts)
                path.unlink(missing_ok=True)
            except (BlockingIOError, PermissionError):
                continue  # its process lives
            finally:
                os.close(file)

    def _others(self) -> Iterator[Path]:
        try:
            with os.scandir(self._directory) as entries:
                # not our own: to close it anywhere would give up its lock
                names = [entry.name for entry in entries if entry.name != self._name]
        except OSError:
            return
        yield from [self._directory / name for name in names]

    def close(self) -> None:
        """Leave nothing behind, if nothing is owed."""
        with self._lock:
            if self._owed or self._meant:
                return
            if self._file >= 0 and self._process == os.getpid():
                (self._directory / self._name).unlink(missing_ok=True)
                os.close(self._file)
            self._file, self._process = -1, 0


def _read(file: int) -> Debts:
    data = os.pread(file, 2**24, 0)
    if not data:
        return _NONE
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        return Debts(all=True)
