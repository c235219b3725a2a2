"""What a transaction wrote, until it commits or is rolled back.

Changes wait in the connection's own list of what is to be done on commit, so that Django
forgets them along with a savepoint. They are delivered right after the database's commit,
before any other hook runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorDebugWrapper

from freshpage.tracking.record import moments
from freshpage.tracking.shapes import ANY_TABLE, Change

# attributes of connections: see own_statement and first_query
OWN, FIRST = "_freshpage_own", "_freshpage_first"
# Where a query sees what was committed before it, and not before its transaction, unless
# another isolation_level is asked for.
_BY_STATEMENT = frozenset({"postgresql", "mysql", "oracle"})

Deliver = Callable[[BaseDatabaseWrapper, list[Change]], None]
Announce = Callable[[Collection[str]], AbstractContextManager[None]]


class Pending:
    """Changes of one statement; called, it delivers them (a test may run the hooks itself)."""

    __slots__ = ("__qualname__", "changes", "connection", "deliver")

    def __init__(
        self, connection: BaseDatabaseWrapper, changes: list[Change], deliver: Deliver
    ) -> None:
        self.connection = connection
        self.changes = changes
        self.deliver = deliver
        self.__qualname__ = "freshpage invalidation"

    def __call__(self) -> None:
        """Deliver these changes alone."""
        self.deliver(self.connection, self.changes)


class Announced:
    """Sends tags when it is called, which is on commit."""

    def __init__(self, tags: frozenset[str], send: Callable[[frozenset[str]], object]) -> None:
        self.tags = tags
        self._send = send
        self.__qualname__ = "freshpage invalidation"  # Django logs it where it fails

    def __call__(self) -> None:
        """Send them."""
        self._send(self.tags)


def _waiting(connection: BaseDatabaseWrapper) -> list[Any]:
    """Triples of savepoints, what to do, and whether it may fail."""
    return connection.run_on_commit


def is_open(connection: BaseDatabaseWrapper) -> bool:
    """Whether what is done on a connection now is part of a transaction."""
    if connection.connection is None:  # it does not know yet
        return not connection.settings_dict["AUTOCOMMIT"]
    return connection.in_atomic_block or not connection.autocommit


def first_query(connection: BaseDatabaseWrapper, sql: Any) -> None:
    """Note when a connection is asked for the first time since :func:`begin`."""
    state = vars(connection)
    if FIRST not in state and not (isinstance(sql, str) and sql.startswith("SAVEPOINT")):
        state[FIRST] = next(moments)


def begin(connection: BaseDatabaseWrapper) -> None:
    """A transaction has begun, or ended; nothing was read in it yet."""
    vars(connection).pop(FIRST, None)


def sees_the_past(connection: BaseDatabaseWrapper) -> bool:
    """Whether a transaction goes on seeing what was committed when it first read."""
    options = connection.settings_dict.get("OPTIONS") or {}
    return connection.vendor not in _BY_STATEMENT or bool(options.get("isolation_level"))


def had_read(connection: BaseDatabaseWrapper, moment: int) -> bool:
    """Whether an open transaction had read before a moment."""
    return bool(vars(connection).get(FIRST, moment) < moment) and not is_of_a_test(connection)


def is_of_a_test(connection: BaseDatabaseWrapper) -> bool:
    """Whether a TestCase has put all it does into one transaction, which nobody else sees."""
    blocks = connection.atomic_blocks
    return bool(blocks) and getattr(blocks[0], "_from_testcase", False)


def add(connection: BaseDatabaseWrapper, changes: list[Change], deliver: Deliver) -> None:
    """Deliver changes once they are committed."""
    if not changes:
        return
    if is_open(connection):
        pending = Pending(connection, changes, deliver)
        _waiting(connection).append((set(connection.savepoint_ids), pending, True))
    else:
        deliver(connection, changes)


def deliver_pending(connection: BaseDatabaseWrapper) -> None:
    """Deliver all that waited on a connection: it has committed."""
    waiting = _waiting(connection)
    ours = [done[1] for done in waiting if isinstance(done[1], Pending | Announced)]
    if not ours:
        return
    connection.run_on_commit = [done for done in waiting if done[1] not in ours]
    writes = [pending for pending in ours if isinstance(pending, Pending)]
    if writes:
        writes[0].deliver(connection, [change for each in writes for change in each.changes])
    for one in ours:
        if isinstance(one, Announced):
            one()


def written(connection: BaseDatabaseWrapper) -> set[str]:
    """The tables that an open transaction has changed; ANY_TABLE among them: others, too."""
    found: set[str] = set()
    for _, pending, _ in _waiting(connection):
        if isinstance(pending, Pending):
            found.update(change.table for change in pending.changes)
        elif isinstance(pending, Announced):
            found.add(ANY_TABLE)
    return found


_announce: Announce = lambda _: nullcontext()  # noqa: E731 (nobody keeps account yet)


def announce_by(announce: Announce) -> None:
    """Have who keeps account of writes told before they are committed."""
    global _announce
    _announce = announce


def announced(tables: Collection[str]) -> AbstractContextManager[None]:
    """Tables that are about to change, until what that ends is invalidated."""
    return _announce(tables) if tables else nullcontext()


def at_once(
    connection: BaseDatabaseWrapper, tables: Collection[str]
) -> AbstractContextManager[None]:
    """The same for a statement that may be committed as soon as it is executed."""
    return nullcontext() if is_open(connection) else announced(tables)


def has_written(connection: BaseDatabaseWrapper, tables: Collection[str]) -> bool:
    """Whether an open transaction may have changed one of some tables.

    :param tables: ANY_TABLE among them: or any other.
    """
    waiting = _waiting(connection)
    if not waiting:
        return False
    changed = {
        change.table
        for _, pending, _ in waiting
        if isinstance(pending, Pending)
        for change in pending.changes
    }
    if ANY_TABLE in changed or ANY_TABLE in tables:
        return bool(changed)
    return not changed.isdisjoint(tables)


@contextmanager
def own_statement(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Statements in here are known already: who watches cursors is to leave them alone."""
    state = vars(connection)
    before = state.get(OWN, False)
    state[OWN] = True
    try:
        yield
    finally:
        state[OWN] = before


@contextmanager
def own_cursor(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    """A cursor for a question of ours, which Django's log of queries does not count.

    So a site's ``assertNumQueries`` goes on counting what the site asks.
    """
    with own_statement(connection), connection.cursor() as cursor:
        logged = isinstance(cursor, CursorDebugWrapper)
        yield connection.make_cursor(cursor.cursor) if logged else cursor


def is_own(connection: BaseDatabaseWrapper) -> bool:
    """Whether a statement that runs now is known already."""
    return bool(vars(connection).get(OWN))
