"""Reading the rows that a write is about to touch, or has touched."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import Error, OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from freshpage.tracking import transactions
from freshpage.tracking.columns import table
from freshpage.tracking.shapes import Change, Row

ROWS = 500  # that are compared one by one; beyond, whatever has the table's columns

Key = tuple[Any, ...]
T = TypeVar("T")

logger = logging.getLogger("freshpage.tracking")


class TooMany(Exception):
    """More rows than are worth comparing, or ones that can't be found again."""


@contextmanager
def widening() -> Iterator[None]:
    """What can't be looked at has changed, whatever it was.

    Nothing of ours fails a write. What the database refuses, it would have refused in the
    write too, whose conditions these are; and its transaction may be lost already.
    """
    try:
        yield
    except Error:
        raise
    except TooMany:
        return
    except Exception as fault:
        logger.warning("a write could not be followed: %s", fault, exc_info=fault)


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
    with transactions.own_statement(connection), connection.cursor() as cursor:
        try:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)} WHERE 0")  # noqa: S608
        except OperationalError as error:
            if "cannot modify" not in str(error):  # a view that triggers write through
                raise


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
    if lock and connection.features.has_select_for_update:
        sql += " " + connection.ops.for_update_sql()
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
    with transactions.own_statement(connection), connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    if len(rows) > ROWS:
        raise TooMany
    return [dict(zip(names, row, strict=True)) for row in rows]


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
    *,
    before: Callable[[], list[Row]],
    after: Callable[[list[Row]], list[Row]],
    columns: frozenset[str] | None,
    deliver: transactions.Deliver,
) -> T:
    """Write to a table, and have what became of its rows delivered on commit.

    :param before, after: read the rows; where they can't, any row may have changed.
    :param columns: those that may change; None: all.
    """
    with held(connection, name):
        rows: list[Row] | None = None
        with widening():
            rows = before()
        result = write()
        changes = [Change(name, columns=columns)]
        if rows is not None:
            with widening():
                changes = compare(name, rows, after(rows))
        transactions.add(connection, changes, deliver)
    return result


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
