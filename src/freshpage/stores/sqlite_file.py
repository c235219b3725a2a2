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
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from freshpage.stores.base import StoreError
from freshpage.stores.forking import rest_while_forking
from freshpage.stores.pulse import Change, Pulse, boot_id

BRIEF = 0.05  # seconds a request waits for a lock
PATIENT = 2.0  # seconds an invalidation does
REST = 1.0  # seconds a fork waits for connections to be free

_VERSION = 1
_APPLICATION = 0x66706765  # in the file's header, for tools such as file(1)
_SCHEMA = f"""
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE meta (epoch INTEGER NOT NULL, number INTEGER NOT NULL, floor INTEGER NOT NULL);
CREATE TABLE tags (tag INTEGER PRIMARY KEY, hard INTEGER NOT NULL, soft INTEGER NOT NULL);
CREATE INDEX tags_by_age ON tags (soft);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, expires REAL NOT NULL, data BLOB NOT NULL
);
CREATE INDEX entries_by_expiry ON entries (expires);
"""
_SETTINGS = f"""
PRAGMA journal_size_limit = {16 * 2**20};
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_log = logging.getLogger("freshpage.stores")


class Connection(NamedTuple):
    """A connection, and the epoch of the database it is open to."""

    db: sqlite3.Connection
    epoch: int


class _Unfit(Exception):
    """A database that is to be thrown away; the message says why."""


class SqliteFile:
    """A pool of connections to one file.

    :param path: of the file; its folder must exist. The pulse lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pulse_path = _beside(path, "-pulse")
        self._pulse: Pulse | None = None
        self._idle: list[Connection] = []
        self._in_use = 0
        self._pool = threading.Condition(threading.Lock())
        self._opening = threading.Lock()
        self._forking = 0  # the process that is about to fork
        self._unusable = False
        rest_while_forking(self)

    def before_fork(self) -> None:
        """Close every connection: SQLite's locks stay behind, its books on them do not."""
        self._opening.acquire()
        self._pool.acquire()
        self._forking = os.getpid()  # from here on nobody takes another
        self._pool.wait_for(lambda: not self._in_use, REST)
        self._close_idle()

    def after_fork(self) -> None:
        """Open them anew when they are needed."""
        self._unusable = self._in_use > 0 and os.getpid() != self._forking
        self._forking = 0
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
    def connection(self) -> Iterator[Connection]:
        """A connection that nobody else uses meanwhile.

        :raises StoreError: in place of what SQLite and the system raise.
        """
        pulse = self.pulse()
        with self._at_work():
            with self._telling():
                connection = self._take(pulse)
            try:
                yield connection
            except sqlite3.Error as error:
                connection.db.close()
                if _code(error) in _DAMAGED:
                    self._replace_damaged(pulse, connection.epoch, error)
                raise StoreError(f"{self.path}: {error}") from error
            except BaseException:
                connection.db.close()
                raise
            self._idle.append(connection)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._pool:
            self._pool.wait_for(lambda: not self._forking)
            if self._unusable:
                raise StoreError(f"{self.path} was in use when this process was forked: restart it")
            self._in_use += 1
        try:
            yield
        finally:
            with self._pool:
                self._in_use -= 1
                self._pool.notify_all()

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
                _beside(self.path, suffix).unlink(missing_ok=True)
        finally:
            change.finish(change.number + 1)

    # -- opening ----------------------------------------------------------------------

    def _open(self, former: Pulse | None) -> Pulse:
        with self._opening:
            if self._pulse is not None and self._pulse is not former:
                return self._pulse  # another thread was faster
            self._close_idle()
            self._refuse_foreign()
            pulse = Pulse.open(self._pulse_path, BRIEF)
            self._idle.append(self._connect(pulse))
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

    def _take(self, pulse: Pulse) -> Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connect(pulse)
            if connection.epoch == pulse.epoch:
                return connection
            connection.db.close()

    def _connect(self, pulse: Pulse) -> Connection:
        """Under the pulse's lock, so that nobody puts another file in place meanwhile."""
        with pulse.change(BRIEF) as change:
            try:
                return self._checked(change)
            except _Unfit as unfit:
                self.start_over(change, unfit)
            try:
                return self._checked(change)
            except _Unfit as unfit:
                raise StoreError(f"{self.path} can't be started over: {unfit}") from unfit

    def _checked(self, change: Change) -> Connection:
        if not self.path.exists() or not self.path.stat().st_size:
            self._create(change)
        db = _connected(self.path)
        try:
            # An outage can't harm what is thrown away after it (Pulse.open); where it would
            # go unnoticed, everything is synced.
            db.execute(f"PRAGMA synchronous = {'OFF' if any(boot_id()) else 'FULL'}")
            db.executescript(_SETTINGS)
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise StoreError(f"{self.path} was made by a later version of freshpage")
            if version < _VERSION:
                raise _Unfit(f"it was made by an earlier version ({version})")
            epoch, number = db.execute("SELECT epoch, number FROM meta").fetchone()
            if epoch != change.epoch:
                raise _Unfit("it is of another epoch than its pulse")
            if number < change.number:
                raise _Unfit("it has lost its last invalidations")
            change.finish(number)  # also mends what a process that died left odd
        except sqlite3.Error as error:
            db.close()
            if _code(error) in (*_DAMAGED, sqlite3.SQLITE_ERROR):
                raise _Unfit(error) from error
            raise
        except BaseException:
            db.close()
            raise
        return Connection(db, epoch)

    def _create(self, change: Change) -> None:
        """Make the file under another name first: it is whole, or not there."""
        change.renew_epoch()
        change.finish(change.number + 1)
        new = _beside(self.path, "-new")
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_connected(new)) as db:
            db.executescript(f"PRAGMA synchronous = OFF; {_SCHEMA}")
            if db.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                raise StoreError(f"{self.path}: its file system can't share a SQLite file")
            db.execute(
                "INSERT INTO meta VALUES (?, ?, ?)", (change.epoch, change.number, change.number)
            )
        for suffix in ("-wal", "-shm"):
            _beside(self.path, suffix).unlink(missing_ok=True)
        new.replace(self.path)

    # -- when something is wrong ---------------------------------------------------------

    def _replace_damaged(self, pulse: Pulse, epoch: int, error: sqlite3.Error) -> None:
        with self._telling(), pulse.change(BRIEF) as change:
            if change.epoch == epoch:
                self.start_over(change, error)

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


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=BRIEF,
        isolation_level=None,
        check_same_thread=False,  # one thread at a time
    )


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error is the module's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
