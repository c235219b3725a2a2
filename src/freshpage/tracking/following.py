"""Following foreign keys from a changed row, to learn which values it answers to."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from freshpage.tracking.rows import TooMany, read_where
from freshpage.tracking.shapes import Change, Hop, NoRow, Row

QUERIES = 50  # for the changes of one commit; beyond: whatever the value


class Follower:
    """Makes hops, and remembers them for the changes of one commit.

    :param connection: None: the changes are in no database.
    :param changes: of this commit; a row that was deleted is found among them.
    """

    def __init__(
        self, connection: BaseDatabaseWrapper | None, changes: Sequence[Change] = ()
    ) -> None:
        self._changes = changes
        self._connection = connection
        self._found: dict[tuple[str, str, Any], Row | None] = {}
        self._has_read = False

    def __enter__(self) -> Follower:
        """Nothing to do: queries are made when they are needed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave no transaction open behind the one that has committed."""
        connection = self._connection
        if connection is None:
            return
        if self._has_read and not connection.autocommit and not connection.in_atomic_block:
            inner: Any = connection  # rollback() would forget what else waits for the commit
            inner._rollback()

    def follow(self, row: Row, hops: tuple[Hop, ...]) -> Row:
        """The row that hops lead to.

        :raises NoRow: the foreign key is empty.
        :raises LookupError: the row can't be told.
        """
        for hop in hops:
            value = row[hop.column]
            if value is None:
                raise NoRow
            row = self._row(hop, value)
        return row

    def read(self, table: str, column: str, values: Sequence[Any]) -> list[Row]:
        """The rows of a table that have one of some values.

        :raises LookupError: they can't be told.
        """
        if self._connection is None:
            raise LookupError("there is no database to ask")
        self._has_read = True
        quote = self._connection.ops.quote_name
        where = f"{quote(column)} IN ({', '.join(['%s'] * len(values))})"
        try:
            return read_where(self._connection, quote(table), where, values, lock=False)
        except TooMany:
            raise LookupError("too many rows") from None

    def _row(self, hop: Hop, value: Any) -> Row:
        place = (hop.table, hop.key, value)
        if place not in self._found:
            if len(self._found) >= QUERIES or self._connection is None:
                raise LookupError("too many hops")
            rows = self.read(hop.table, hop.key, [value])
            self._found[place] = rows[0] if rows else self._deleted(hop, value)
        found = self._found[place]
        if found is None:
            raise LookupError("the row has been deleted by somebody else")
        return found

    def _deleted(self, hop: Hop, value: Any) -> Row | None:
        for change in self._changes:
            old = change.old if change.new is None and change.table == hop.table else None
            if old is not None and old.get(hop.key) == value:
                return old
        return None
