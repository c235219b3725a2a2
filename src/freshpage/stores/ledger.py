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
from contextlib import contextmanager, suppress
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
# Names of the files this process has locked. It leaves them alone: to close one anywhere would
# give up its lock.
_ours: set[str] = set()
os.register_at_fork(after_in_child=_ours.clear)
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
                _ours.add(self._name)
                path = self._directory / self._name
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                fcntl.lockf(file, fcntl.LOCK_EX)
                if os.fstat(file).st_nlink:  # nobody took it for a dead one's meanwhile
                    self._file = file
            self._tidy()
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

    def is_left(self) -> bool:
        """Whether a dead process left something to pay."""
        return any(self._is_dead(path) for path, size in self._others() if size)

    def settle(self, pay: Callable[[Debts], object]) -> None:
        """Have the debts of dead processes paid.

        :param pay: whatever it raises is passed on, and the debts stay.
        """
        for path, _ in self._others():
            with _taken(path) as file:
                if file is None:
                    continue
                debts = _read(file)
                if debts != _NONE:
                    pay(debts)
                path.unlink(missing_ok=True)

    def _is_dead(self, path: Path) -> bool:
        with _taken(path) as file:
            return file is not None

    def _tidy(self) -> None:
        """Remove the files of the dead that left nothing."""
        for path, size in self._others():
            with _taken(path) as file:
                if not size and file is not None and not os.fstat(file).st_size:
                    path.unlink(missing_ok=True)

    def _others(self) -> list[tuple[Path, int]]:
        """Files of other processes, and their sizes."""
        found = []
        with suppress(OSError), os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name not in _ours:
                    with suppress(OSError):  # gone meanwhile
                        found.append((Path(entry.path), entry.stat().st_size))
        return found

    def before_fork(self) -> None:
        """Nobody is to be in the middle of writing."""
        self._lock.acquire()

    def after_fork(self) -> None:
        """Go on."""
        self._lock.release()

    def close(self) -> None:
        """Leave nothing behind, if nothing is owed."""
        with self._lock:
            if self._owed or self._meant:
                return
            if self._file >= 0 and self._process == os.getpid():
                (self._directory / self._name).unlink(missing_ok=True)
                os.close(self._file)
                _ours.discard(self._name)
            self._file, self._process = -1, 0


@contextmanager
def _taken(path: Path) -> Iterator[int | None]:
    """A file whose process is dead, locked; None: it lives, or another was quicker."""
    file = -1
    locked = False
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked = os.fstat(file).st_nlink > 0
    except OSError:
        locked = False
    try:
        yield file if locked else None
    finally:
        if file >= 0:
            os.close(file)


def _read(file: int) -> Debts:
    data = os.pread(file, 2**24, 0)
    if not data:
        return _NONE
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        return Debts(all=True)
