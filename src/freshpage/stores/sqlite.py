"""The store in one SQLite file, shared by all processes of a machine.

The file survives restarts of the server. After a restart of the machine it starts empty:
nothing is ever synced to the disk, so what an outage lost could have been an invalidation.
It needs a local disk, for SQLite's WAL mode does.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from freshpage.entry import BadEntry, Codec, Entry, Node
from freshpage.key import digest
from freshpage.sequence import Sequence, Standing, TagSequence
from freshpage.sequence import standing as judge
from freshpage.stores.base import TAG_RECORDS, WAIT, Held, Peek, StoreError, StoreStats
from freshpage.stores.lease_file import LeaseFile
from freshpage.stores.leases import Leases
from freshpage.stores.pulse import Change
from freshpage.stores.sqlite_file import PATIENT, SqliteFile
from freshpage.stores.sqlite_schema import BRIEF, TAGS_SUM, beside
from freshpage.tags import packed, tag_number, tag_numbers

BATCH = 100  # expired rows swept at a time, so that the lock is held for a moment only
FEW = 8  # rows dropped along with storing one, or to make room

# one statement, so that the floor and the tags are of one moment
_JUDGE = """
SELECT (SELECT floor FROM meta), max(hard), max(soft) FROM tags
WHERE tag IN (SELECT value FROM json_each(?))
"""
# the last invalidation of either kind is in soft
_RECORD = """
INSERT INTO tags (tag, hard, soft)
SELECT value, :hard, :soft FROM json_each(:tags) WHERE true
ON CONFLICT (tag) DO UPDATE SET hard = max(hard, excluded.hard), soft = excluded.soft
"""
_SUM_OF = TAGS_SUM + " JOIN json_each(?) ON tag = value"
_SUM_UP_TO = TAGS_SUM + " WHERE soft <= ?"
_DROP_EXPIRED = """
DELETE FROM entries WHERE id IN
(SELECT id FROM entries WHERE expires < :now ORDER BY expires LIMIT :limit)
"""
_DROP_OLDEST = """
DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY id LIMIT :limit)
"""
_USED = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""


class SqliteStore:
    """Nodes and tag sequences in one file, which is made where there is none.

    :param path: of the file; its folder must exist.
    :param budget: bytes the file may take; the oldest entries make room.
    :param key_prefix: sets apart the tags of sites that share the file.
    :param tag_records: invalidated tags to remember before the floor rises.
    """

    blocking = True
    instant_pulse = True

    def __init__(
        self,
        path: Path,
        codec: Codec,
        *,
        budget: int,
        key_prefix: str = "",
        tag_records: int = TAG_RECORDS,
    ) -> None:
        self._file = SqliteFile(path)
        self._codec = codec
        self._budget = budget
        self._tag_records = tag_records
        # the same tag of another site in the file is another
        self._site = tag_number(key_prefix) if key_prefix else 0

    def pulse(self) -> int:
        """The pulse, which all processes share."""
        return self._file.pulse().read()

    def sequence(self) -> Sequence:
        """The sequence now, from beside the pulse."""
        return Sequence(*self._file.pulse().head())

    def get(self, key: bytes) -> Held | None:
        """What is held under ``key``."""
        with self._file.connection() as (db, epoch):
            row = db.execute("SELECT data FROM entries WHERE key = ?", (digest(key),)).fetchone()
            if row is None or not isinstance(row[0], bytes):
                return None
            try:
                node = self._codec.unpack(key, row[0])
            except BadEntry:
                return None
            if isinstance(node, Entry):
                return Held(node, self._judge(db, epoch, node))
            return Held(node, Standing.VALID)

    def peek(self, key: bytes) -> Peek:
        """A file is never read without waiting."""
        return WAIT

    def put(self, key: bytes, node: Node) -> bool:
        """Keep a node; what expired, and the oldest, make room for it."""
        data = self._codec.pack(key, node)
        if len(data) > self._budget // 2:
            return False
        with self._file.connection() as (db, epoch), _transaction(db):
            if isinstance(node, Entry):
                if self._judge(db, epoch, node) is Standing.INVALID:
                    return False
                db.execute(_DROP_EXPIRED, {"now": node.response_time, "limit": FEW})
            while _used(db) + len(data) > self._budget:
                if not db.execute(_DROP_OLDEST, {"limit": FEW}).rowcount:
                    return False
            db.execute(
                "INSERT OR REPLACE INTO entries (key, expires, data) VALUES (?, ?, ?)",
                (digest(key), node.expires, data),
            )
        return True

    def delete(self, key: bytes) -> None:
        """Forget one key."""
        with self._file.connection() as (db, _):
            db.execute("DELETE FROM entries WHERE key = ?", (digest(key),))

    def standing(self, entry: Entry) -> Standing:
        """How an entry's S0 and tags stand now."""
        with self._file.connection() as (db, epoch):
            return self._judge(db, epoch, entry)

    def invalidate(self, tags: Collection[str], *, soft: bool = False) -> int:
        """Give each tag the next sequence; where it can't be written, start over."""
        deadline = time.monotonic() + PATIENT
        while True:
            try:
                return self._invalidate(tags, soft=soft)
            except StoreError as fault:
                # opening the file waits but briefly for its lock, and this must not be lost
                if "is locked" not in str(fault) or time.monotonic() > deadline:
                    raise
            time.sleep(BRIEF)

    def _invalidate(self, tags: Collection[str], *, soft: bool) -> int:
        pulse = self._file.pulse(look=True)
        with self._file.connection(PATIENT) as (db, epoch), pulse.change(PATIENT) as change:
            if change.epoch != epoch:
                return change.number  # started over meanwhile: nothing is left to invalidate
            change.begin()
            try:
                number = self._record(db, change, tags, soft=soft)
            except sqlite3.Error as error:
                # the disk is full, say: rather nothing stored than something stale
                self._file.start_over(change, f"an invalidation can't be written: {error}")
                return change.number
            change.finish(number)
            return number

    def note(self, item: bytes) -> None:
        """Add to the notes."""
        with self._file.connection() as (db, _):
            db.execute("INSERT OR IGNORE INTO notes (item) VALUES (?)", (item,))

    def notes(self, since: int) -> tuple[int, list[bytes]]:
        """The notes after a mark."""
        with self._file.connection(PATIENT) as (db, _):  # an invalidation waits for them
            rows = db.execute(
                "SELECT id, item FROM notes WHERE id > ? ORDER BY id", (since,)
            ).fetchall()
        return (rows[-1][0] if rows else since), [item for _, item in rows]

    def leases(self) -> Leases:
        """Those of the machine, in a file beside."""
        return LeaseFile(beside(self._file.path, "-leases"))

    def sweep(self, now: float) -> int:
        """Drop what expired, and the oldest above nine tenths of the budget."""
        dropped = 0
        while more := self._drop(_DROP_EXPIRED, now=now, limit=BATCH):
            dropped += more
        target = self._budget * 9 // 10
        while self._used() > target and (more := self._drop(_DROP_OLDEST, limit=FEW)):
            dropped += more
        return dropped

    def stats(self) -> StoreStats:
        """What is held, and the bytes of the file in use."""
        with self._file.connection() as (db, _):
            count = db.execute("SELECT count(*) FROM entries").fetchone()[0]
            return StoreStats(count, _used(db))

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._file.close()

    def _judge(self, db: sqlite3.Connection, epoch: int, entry: Entry) -> Standing:
        tags = json.dumps([number ^ self._site for number in tag_numbers(entry.tags)])
        floor, hard, soft = db.execute(_JUDGE, (tags,)).fetchone()
        known = TagSequence(hard or 0, soft or 0)
        if not all(isinstance(number, int) for number in (floor, *known)):
            return Standing.INVALID  # lost
        return judge(entry.sequence, epoch=epoch, floor=floor, tags=(known,))

    def _record(
        self, db: sqlite3.Connection, change: Change, tags: Collection[str], *, soft: bool
    ) -> int:
        db.execute(f"PRAGMA busy_timeout = {PATIENT * 1000:.0f}")
        with _transaction(db):
            number: int = max(db.execute("SELECT number FROM meta").fetchone()[0], change.number)
            number += 1
            hard = 0 if soft else number
            # in the order they lie in, and each once
            found = json.dumps(sorted([one ^ self._site for one in tag_numbers(packed(tags))]))
            sought = (found,)
            former = db.execute(_SUM_OF, sought).fetchone()[0]
            db.execute(_RECORD, {"tags": found, "hard": hard, "soft": number})
            grown = db.execute(_SUM_OF, sought).fetchone()[0] - former
            db.execute("UPDATE meta SET number = ?, checksum = checksum + ?", (number, grown))
            if number % (self._tag_records // 256 + 1) == 0:
                self._forget_oldest(db)
        db.execute(f"PRAGMA busy_timeout = {BRIEF * 1000:.0f}")
        return number

    def _forget_oldest(self, db: sqlite3.Connection) -> None:
        oldest = db.execute(
            "SELECT soft FROM tags ORDER BY soft DESC LIMIT 1 OFFSET ?", (self._tag_records,)
        ).fetchone()
        if oldest is None:
            return
        forgotten = db.execute(_SUM_UP_TO, oldest).fetchone()
        db.execute("DELETE FROM tags WHERE soft <= ?", oldest)
        db.execute(
            "UPDATE meta SET floor = :floor, checksum = checksum - floor + :floor - :forgotten",
            {"floor": oldest[0], "forgotten": forgotten[0]},
        )

    def _drop(self, statement: str, **limits: float) -> int:
        with self._file.connection() as (db, _):
            return db.execute(statement, limits).rowcount

    def _used(self) -> int:
        with self._file.connection() as (db, _):
            return _used(db)


def _used(db: sqlite3.Connection) -> int:
    """The bytes of the file that are in use."""
    used: int = db.execute(_USED).fetchone()[0]
    return used


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, with the right to write from the start."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.rollback()
        raise
    db.execute("COMMIT")
