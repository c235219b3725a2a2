"""Reading the rows that a write is about to touch, or has touched.

Whatever goes wrong in that is no fault of the write's: it is made all the same, and then any
row of its table may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from freshpage.tracking import transactions
from freshpage.tracking.columns import table
from freshpage.tracking.faults import widened
from freshpage.tracking.shapes import Change, Row

ROWS = 500  # that are compared one by one; beyond, whatever has the table's columns

# MySQL has rolled back more than the statement that got one of these: the application must
# hear of it.
_ROLLED_BACK = frozenset({1205, 1213})

Key = tuple[Any, ...]
T = TypeVar("T")


class TooMany(Exception):
    """More rows than are worth comparing, or ones that can't be found again."""


class Look(NamedTuple):
    """How to read the rows of a statement.

    :param before: None: it touches none that were there.
    :param after: given those before, and the statement's result.
    :param columns: those that may change; None: all.
    """

    before: Callable[[], list[Row]] | None
    after: Callable[[list[Row], Any], list[Row]]
    columns: frozenset[str] | None = None


@contextmanager
def held(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """Nobody else changes rows of a table between what is done in here.

    On SQLite the right to write is taken first, as the write itself would: a transaction
    that has read before it writes fails at once when another process wrote in between.
    Elsewhere the rows are locked as they are read.
    """
    if transactions.is_open(connection):
        _take(connection, name)
        yield
        return
    with transaction.atomic(using=connection.alias):
        _take(connection, name)
        yield


def _take(connection: BaseDatabaseWrapper, name: str) -> None:
    if connection.vendor != "sqlite":
        return
    try:
        with transactions.own_cursor(connection) as cursor:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)} WHERE 0")  # noqa: S608
    except Exception as fault:  # the write will tell
        widened(f"a write to {name}", fault)


def read_where(
    connection: BaseDatabaseWrapper,
    target: str,
    where: str,
    params: Sequence[Any],
    *,
    lock: bool = True,
) -> list[Row]:
    """The rows of a table that a condition holds for, locked where databases lock rows.

    :param target: the table's name as SQL, with the alias the condition calls it by.
    :param where: SQL after WHERE; empty: all.
    :raises TooMany: there are more than ROWS.
    """
    sql = f"SELECT * FROM {target}"  # noqa: S608 (quoted)
    if where:
        sql += f" WHERE {where}"
    sql += " " + connection.ops.limit_offset_sql(0, ROWS + 1)
    features = connection.features
    if lock and features.has_select_for_update:
        # not more than an update locks: rows that refer to these may come meanwhile
        sql += " " + connection.ops.for_update_sql(no_key=features.has_select_for_no_key_update)
    return _read(connection, sql, params)


def read_by_key(connection: BaseDatabaseWrapper, name: str, keys: Sequence[Key]) -> list[Row]:
    """The rows with these primary keys.

    :raises TooMany: more than ROWS are asked for, or the table has no key.
    """
    known = table(name)
    if known is None or not known.key or len(keys) > ROWS:
        raise TooMany
    if not keys:
        return []
    quote = connection.ops.quote_name
    if len(known.key) == 1:
        where = f"{quote(known.key[0])} IN ({', '.join(['%s'] * len(keys))})"
    else:
        one = " AND ".join(f"{quote(column)} = %s" for column in known.key)
        where = " OR ".join([f"({one})"] * len(keys))
    params = [value for key in keys for value in key]
    sql = f"SELECT * FROM {quote(name)} WHERE {where}"  # noqa: S608 (quoted)
    return _read(connection, sql, params)


def _read(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> list[Row]:
    with _spared(connection), transactions.own_cursor(connection) as cursor:
        cursor.execute(sql, params)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    if len(rows) > ROWS:
        raise TooMany
    return [dict(zip(names, row, strict=True)) for row in rows]


@contextmanager
def _spared(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """What fails in here does not end the transaction around it, as it would on PostgreSQL."""
    if connection.vendor != "postgresql" or not transactions.is_open(connection):
        yield
        return
    savepoint: Any = connection.savepoint()
    try:
        yield
    except BaseException:
        connection.savepoint_rollback(savepoint)
        raise
    connection.savepoint_commit(savepoint)


def key_of(name: str, row: Row) -> Key:
    """A row's primary key.

    :raises TooMany: it can't be told.
    """
    known = table(name)
    if known is None or not known.key:
        raise TooMany
    try:
        return tuple(row[column] for column in known.key)
    except KeyError:
        raise TooMany from None


def watched(
    connection: BaseDatabaseWrapper,
    name: str,
    write: Callable[[], T],
    look: Look,
    deliver: transactions.Deliver,
) -> T:
    """Write to a table, and have what became of its rows delivered on commit."""
    if look.before is None:
        with transactions.at_once(connection, (name,)):
            result = write()
            transactions.add(connection, _changes(connection, name, look, [], result), deliver)
        return result
    with held(connection, name):
        rows = _attempt(connection, name, look.before)
        result = write()
        changes = _changes(connection, name, look, rows, result)
        transactions.add(connection, changes, deliver)
    return result


def _changes(
    connection: BaseDatabaseWrapper, name: str, look: Look, rows: list[Row] | None, result: Any
) -> list[Change]:
    changes = None
    if rows is not None:
        known = rows  # for the type checker
        changes = _attempt(
            connection, name, lambda: compare(name, known, look.after(known, result))
        )
    return [Change(name, columns=look.columns)] if changes is None else changes


def _attempt(connection: BaseDatabaseWrapper, name: str, read: Callable[[], T]) -> T | None:
    """What ``read`` returns; None: it can't be told."""
    try:
        return read()
    except TooMany:
        return None
    except Exception as fault:
        if connection.vendor == "mysql" and isinstance(fault, OperationalError):
            code = fault.args[0] if fault.args else None
            if code in _ROLLED_BACK:
                raise
        widened(f"a write to {name}", fault)
        return None


def compare(name: str, before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """What happened to rows between two readings; those that stayed as they were are left out."""
    later = {key_of(name, row): row for row in after}
    changes = []
    for old in before:
        new = later.pop(key_of(name, old), None)
        if new is None:
            changes.append(Change(name, old, None))
        elif new != old:
            columns = frozenset(column for column in new if old.get(column) != new[column])
            changes.append(Change(name, old, new, columns))
    changes.extend(Change(name, None, new) for new in later.values())
    return changes
