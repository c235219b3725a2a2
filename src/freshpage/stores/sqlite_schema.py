"""The SQLite store's database: its tables, made whole, and judged before they are trusted."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from freshpage.stores.base import StoreError
from freshpage.stores.pulse import boot_id

BRIEF = 0.05  # seconds a request waits for a lock

_VERSION = 2
_APPLICATION = 0x66706765  # in the file's header, for tools such as file(1)
_SCHEMA = f"""
PRAGMA synchronous = OFF;
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE meta (
    epoch INTEGER NOT NULL, number INTEGER NOT NULL,
    floor INTEGER NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE tags (tag INTEGER PRIMARY KEY, hard INTEGER NOT NULL, soft INTEGER NOT NULL);
CREATE INDEX tags_by_age ON tags (soft);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, expires REAL NOT NULL, data BLOB NOT NULL
);
CREATE INDEX entries_by_expiry ON entries (expires);
CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, item BLOB NOT NULL UNIQUE);
"""
_SETTINGS = f"""
PRAGMA journal_size_limit = {16 * 2**20};
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
"""
# Over the tags' rows; a change of any one byte changes it. With the floor added, it is the
# checksum in meta.
TAGS_SUM = """
SELECT coalesce(sum(tag % 1000003 + hard % 1000003 * 3 + soft % 1000003 * 7), 0) FROM tags
"""

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Unfit(Exception):
    """A database that is to be thrown away; the message says why."""


def create(path: Path, epoch: int, number: int) -> None:
    """Make the file under another name first: it is whole, or not there.

    :raises StoreError: where the file system can't do what WAL mode needs.
    """
    new = beside(path, "-new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(connect(new)) as db:
        db.executescript(_SCHEMA)
        if db.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            raise StoreError(f"{path}: its file system can't share a SQLite file")
        db.execute("INSERT INTO meta VALUES (?, ?, ?, ?)", (epoch, number, number, number))
    for suffix in ("-wal", "-shm"):
        beside(path, suffix).unlink(missing_ok=True)
    new.replace(path)


def connect(path: Path) -> sqlite3.Connection:
    """A connection to a file that exists, for one thread at a time."""
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=BRIEF,
        isolation_level=None,
        check_same_thread=False,
    )


def prepare(db: sqlite3.Connection, epoch: int, least: int) -> int:
    """Set up a connection, if its database is what the pulse says.

    :param epoch: of the pulse.
    :param least: the number of the last invalidation that returned.
    :returns: the number of the last one that was committed.
    :raises Unfit: when it is of another epoch or version, or has lost invalidations.
    :raises StoreError: when a later version made it.
    """
    try:
        # An outage can't harm what is thrown away after it (Pulse.open); where it would go
        # unnoticed, everything is synced.
        db.execute(f"PRAGMA synchronous = {'OFF' if any(boot_id()) else 'FULL'}")
        db.executescript(_SETTINGS)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise StoreError("it was made by a later version of freshpage")
        if version < _VERSION:
            raise Unfit(f"it was made by an earlier version ({version})")
        found, number = db.execute("SELECT epoch, number FROM meta").fetchone() or (None, None)
    except sqlite3.Error as error:
        if code(error) in (*DAMAGED, sqlite3.SQLITE_ERROR):
            raise Unfit(error) from error
        raise
    if found != epoch:
        raise Unfit("it is of another epoch than its pulse")
    if not isinstance(number, int) or number < least:
        raise Unfit("it has lost its last invalidations")
    return number


def require_intact(db: sqlite3.Connection) -> None:
    """Read all tags once: what is stored of invalidations is not authenticated otherwise.

    :raises Unfit: when they are not as they were written.
    """
    try:
        db.execute("BEGIN")  # one moment for both
        (faults,) = db.execute("PRAGMA integrity_check(tags)").fetchone()
        (checksum,) = db.execute("SELECT checksum - floor FROM meta").fetchone()
        (found,) = db.execute(TAGS_SUM).fetchone()
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise Unfit(error) from error
    if faults != "ok" or found != checksum:
        raise Unfit(f"its tags are damaged ({faults})")


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the error is the module's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def beside(path: Path, suffix: str) -> Path:
    """The name of a file that belongs to the database's."""
    return path.with_name(path.name + suffix)
