"""The SQLite store's file: made, checked, shared with its pulse, and started over.

A file is fit for use when its epoch is the one in its pulse and its sequence number is not
behind. One that is damaged, of an older version, or has lost invalidations is thrown away:
a new file under a new epoch takes its place, and every process notices by the pulse.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from freshpage.stores import sqlite_schema as schema
from freshpage.stores.base import StoreError
from freshpage.stores.forking import rest_while_forking
from freshpage.stores.pulse import Change, Pulse
from freshpage.stores.sqlite_schema import BRIEF, Unfit, beside

CONNECT = 0.1  # seconds a request waits for a connection
PATIENT = 2.0  # seconds an invalidation waits for a lock
REST = 1.0  # seconds a fork waits for connections to be free

_log = logging.getLogger("freshpage.stores")


class Connection(NamedTuple):
    """A connection, and the epoch of the database it is open to."""

    db: sqlite3.Connection
    epoch: int


class SqliteFile:
    """A pool of connections to one file.

    :param path: of the file; its folder must exist. The pulse lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pulse_path = beside(path, "-pulse")
        self._pulse: Pulse | None = None
        self._idle: list[Connection] = []
        self._in_use = 0
        self._pool = threading.Condition(threading.Lock())
        self._opening = threading.Lock()
        self._connecting = threading.Lock()
        self._forking = False
        self._pid = 0  # the process that opened it
        rest_while_forking(self)

    def before_fork(self) -> None:
        """Close every connection: SQLite's locks stay behind, its books on them do not."""
        self._opening.acquire()
        self._pool.acquire()
        self._forking = True  # from here on nobody takes another
        self._pool.wait_for(lambda: not self._in_use, REST)
        self._close_idle()

    def after_fork(self) -> None:
        """Open them anew when they are needed."""
        if not self._in_use:
            self._pid = os.getpid()
            self._connecting = threading.Lock()
        self._forking = False
        self._pool.notify_all()
        self._pool.release()
        self._opening.release()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._pulse = None
        self._close_idle()

    def pulse(self, *, look: bool = False) -> Pulse:
        """The pulse of the file as it is now, which is opened or made where it is not yet.

        :param look: make sure at once that nobody deleted it.
        :raises StoreError: when that can't be done.
        """
        pulse = self._pulse
        if pulse is None or pulse.replaced(now=look):
            with self._telling():
                return self._open(pulse)
        return pulse

    @contextmanager
    def connection(self, patience: float = BRIEF) -> Iterator[Connection]:
        """A connection that nobody else uses meanwhile.

        :param patience: seconds to wait for a lock, should one have to be opened.
        :raises StoreError: in place of what SQLite and the system raise.
        """
        pulse = self.pulse()
        with self._at_work():
            with self._telling():
                connection = self._take(pulse, patience)
            try:
                yield connection
            except sqlite3.Error as error:
                connection.db.close()
                if schema.code(error) in schema.DAMAGED:
                    self._replace(pulse, connection.epoch, error)
                raise StoreError(f"{self.path}: {error}") from error
            except BaseException:
                connection.db.close()
                raise
            self._idle.append(connection)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._pool:
            self._pool.wait_for(lambda: not self._forking)
            self._require_own()
            self._in_use += 1
        try:
            yield
        finally:
            with self._pool:
                self._in_use -= 1
                self._pool.notify_all()

    def _require_own(self) -> None:
        """Not in a child that was forked while connections were open, or by other means."""
        if self._pid and self._pid != os.getpid():
            raise StoreError(f"{self.path} was open when this process was forked: open it later")

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().db.close()

    def start_over(self, change: Change, reason: object) -> None:
        """Throw the database away; everything stored so far is invalid from here on.

        :param change: the held lock; it is finished here.
        """
        _log.warning("%s is started over: %s", self.path, reason)
        change.renew_epoch()
        try:
            for suffix in ("-wal", "-shm", ""):
                beside(self.path, suffix).unlink(missing_ok=True)
        finally:
            change.finish(change.number + 1)

    # -- opening ----------------------------------------------------------------------

    def _open(self, former: Pulse | None) -> Pulse:
        with self._opening:
            if self._pulse is not None and self._pulse is not former:
                return self._pulse  # another thread was faster
            self._require_own()
            self._pid = os.getpid()
            self._close_idle()
            self._refuse_foreign()
            pulse = Pulse.open(self._pulse_path, BRIEF)
            self._idle.append(self._connect_intact(pulse))
            self._pulse = pulse
            return pulse

    def _refuse_foreign(self) -> None:
        """A file without a pulse beside it was not made by us, and is not touched.

        The pulse is made first, so it is looked for second.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size and not self._pulse_path.exists():
            raise StoreError(
                f"{self.path} is none of freshpage's ({self._pulse_path.name} is not beside it):"
                " name another path, or delete it"
            )

    def _take(self, pulse: Pulse, patience: float) -> Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.epoch == pulse.epoch:
                return connection
            connection.db.close()
        return self._one_more(pulse, max(patience, CONNECT))

    def _one_more(self, pulse: Pulse, patience: float) -> Connection:
        """A new connection, one thread after the other: in a crowd most find one that was
        given back meanwhile, and the processes' lock is asked for once by each of them.
        """
        if not self._connecting.acquire(timeout=patience):
            raise StoreError(f"{self.path}: too many threads connect at once")
        try:
            with suppress(IndexError):
                connection = self._idle.pop()
                if connection.epoch == pulse.epoch:
                    return connection
                connection.db.close()
            return self._connect(pulse, patience)
        finally:
            self._connecting.release()

    def _connect(self, pulse: Pulse, patience: float = BRIEF) -> Connection:
        """Under the pulse's lock, so that nobody puts another file in place meanwhile."""
        with pulse.change(patience) as change:
            try:
                return self._prepared(change)
            except Unfit as unfit:
                self.start_over(change, unfit)
            try:
                return self._prepared(change)
            except Unfit as unfit:
                raise StoreError(f"{self.path} can't be started over: {unfit}") from unfit

    def _prepared(self, change: Change) -> Connection:
        if not self.path.exists() or not self.path.stat().st_size:
            change.renew_epoch()
            change.finish(change.number + 1)
            schema.create(self.path, change.epoch, change.number)
        db = schema.connect(self.path)
        try:
            number = schema.prepare(db, change.epoch, change.number)
        except BaseException:
            db.close()
            raise
        change.finish(number)  # also mends what a process that died left odd
        return Connection(db, change.epoch)

    def _connect_intact(self, pulse: Pulse) -> Connection:
        """The first connection of a process."""
        connection = self._connect(pulse)
        try:
            schema.require_intact(connection.db)
        except Unfit as unfit:
            connection.db.close()
            self._replace(pulse, connection.epoch, unfit)
            return self._connect(pulse)
        return connection

    # -- when something is wrong ---------------------------------------------------------

    def _replace(self, pulse: Pulse, epoch: int, reason: object) -> None:
        with self._telling(), pulse.change(BRIEF) as change:
            if change.epoch == epoch:
                self.start_over(change, reason)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say in one line what the system or SQLite could not do."""
        try:
            yield
        except FileNotFoundError as error:
            raise StoreError(f"{self.path}: its folder {self.path.parent} is missing") from error
        except OSError as error:
            raise StoreError(f"{error.filename or self.path}: {error.strerror}") from error
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error
