"""SQL that is sent through cursors: what it reads is tagged, what it writes is a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from freshpage.tracking import transactions
from freshpage.tracking.faults import unknown
from freshpage.tracking.reads import within_transaction
from freshpage.tracking.record import Record, current
from freshpage.tracking.registry import Registry
from freshpage.tracking.relations import is_table
from freshpage.tracking.rows import Look, TooMany, key_of, read_by_key, read_where, watched
from freshpage.tracking.shapes import ANY_TABLE, Change, Row, Shape, whole_table
from freshpage.tracking.sql import (
    HARMLESS,
    UNKNOWN,
    Parameter,
    Statement,
    Write,
    first_word,
    understand,
)
from freshpage.tracking.traces import trace_of

Run = Callable[[], Any]

_QUERIES = ("SELECT", "VALUES", "WITH")


class RawSql:
    """Sees what cursors are given that the ORM did not make.

    :param deliver: what to do with changes once they are committed.
    """

    def __init__(self, registry: Registry, deliver: transactions.Deliver) -> None:
        self._registry = registry
        self._deliver = deliver

    def executed(
        self, cursor: CursorWrapper, sql: Any, params: Any, run: Run, *, many: bool = False
    ) -> Any:
        """In place of a cursor's execute or executemany, which is ``run``."""
        record, connection = current(), cursor.db
        try:
            text = sql if isinstance(sql, str) else _text(cursor, sql)
            word = first_word(text)
            if word in HARMLESS or (record is None and word in ("SELECT", "VALUES")):
                write: Write | list[Change] = []
            else:
                statement = _understood(text, connection, params)
                if record is not None:
                    self._note(record, connection, statement)
                query = word in _QUERIES and "INTO" not in text.upper()
                write = _write_of(statement, connection, many=many, query=query)
        except Exception as fault:  # it may read and write anything
            if record is not None:
                unknown(record, fault, "SQL")
            write = [Change(ANY_TABLE)]
        if isinstance(write, Write):
            return self._write(connection, write, params, run)
        return self._unseen(connection, write, run)

    def read(self, record: Record, connection: BaseDatabaseWrapper, sql: str) -> None:
        """Note a query of the ORM's that has SQL text in it."""
        self._note(record, connection, understand(sql, connection.vendor, True))

    def wrote_anything(self, connection: BaseDatabaseWrapper) -> None:
        """Something was done past every statement."""
        transactions.add(connection, [Change(ANY_TABLE)], self._deliver)

    def watching(self, connection: BaseDatabaseWrapper, method: Callable[..., Any]) -> Any:
        """A driver's method that may write; where it returns a context, until that ends."""
        owner = getattr(method, "__self__", None)

        def seen(*args: Any, **options: Any) -> Any:
            result = method(*args, **options)
            if isinstance(result, AbstractContextManager) and result is not owner:
                return self._until_closed(connection, result)
            self.wrote_anything(connection)
            return result

        return seen

    @contextmanager
    def _until_closed(
        self, connection: BaseDatabaseWrapper, context: AbstractContextManager[Any]
    ) -> Iterator[Any]:
        try:
            with context as inner:
                yield inner
        finally:
            self.wrote_anything(connection)

    # -- reads ---------------------------------------------------------------------------

    def _note(self, record: Record, connection: BaseDatabaseWrapper, statement: Statement) -> None:
        if statement.returns:
            record.lose("returning")
        if statement.clock:
            record.read_clock()
        registry, shapes = self._registry, [whole_table(ANY_TABLE)]
        try:
            trace = trace_of(record, registry)
            reads = statement.reads
            if reads is not None and all(is_table(connection, one.table) for one in reads):
                shapes = [Shape(one.table, one.columns) for one in reads]
            taggers = [registry.tagger(shape) for shape in shapes]
            record.tags.update(tagger.tag for tagger in taggers)
            if transactions.is_open(connection):
                since = max([tagger.since for tagger in taggers], default=0)
                tables = [shape.table for shape in shapes]
                within_transaction(record, connection, tables, since > trace.version)
        except Exception as fault:
            unknown(record, fault)

    # -- writes --------------------------------------------------------------------------

    def _unseen(self, connection: BaseDatabaseWrapper, changes: list[Change], run: Run) -> Any:
        with transactions.at_once(connection, {change.table for change in changes}):
            result = run()
            transactions.add(connection, changes, self._deliver)
        return result

    def _write(self, connection: BaseDatabaseWrapper, write: Write, params: Any, run: Run) -> Any:
        name = write.table
        if not self._registry.is_read(name):
            return self._unseen(connection, [Change(name)], run)
        if write.rows:
            rows = [_row(row, params) for row in write.rows]
            return self._unseen(connection, [Change(name, None, row) for row in rows], run)
        if not write.target:
            return self._unseen(connection, [Change(name, columns=write.columns)], run)

        def before() -> list[Row]:
            try:
                values = [params[key] for key in write.keys]
            except (LookupError, TypeError):
                raise TooMany from None
            return read_where(connection, write.target, write.where, values)

        def after(rows: list[Row], _: Any) -> list[Row]:
            return read_by_key(connection, name, [key_of(name, row) for row in rows])

        look = Look(before, after, write.columns)
        return watched(connection, name, run, look, self._deliver)


def _understood(text: str, connection: BaseDatabaseWrapper, params: Any) -> Statement:
    try:
        return understand(text, connection.vendor, params is not None)
    except Exception:  # a parser's own fault
        return UNKNOWN


def _write_of(
    statement: Statement, connection: BaseDatabaseWrapper, *, many: bool, query: bool
) -> Write | list[Change]:
    """What a statement writes: in rows that can be read before and after, or so much."""
    if statement.writes is None:
        # a function that a query calls may write: that can't be seen
        return [] if query else [Change(ANY_TABLE)]
    # SQLite does not commit before the last returned row is fetched
    early = statement.returns and not transactions.is_open(connection)
    if statement.writes and (many or early or len(statement.writes) > 1):
        return [Change(one.table, columns=one.columns) for one in statement.writes]
    return statement.writes[0] if statement.writes else []


def _row(row: dict[str, Any], params: Any) -> Row:
    """An inserted row, as far as it is told."""
    found = {}
    for column, value in row.items():
        if isinstance(value, Parameter):
            with suppress(LookupError, TypeError):
                found[column] = params[value.key]
        else:
            found[column] = value
    return found


def _text(cursor: CursorWrapper, sql: Any) -> str:
    """SQL that is not a text, such as psycopg's composed statements."""
    try:
        return sql.decode() if isinstance(sql, bytes) else sql.as_string(cursor.cursor)
    except Exception:
        return ""  # not understood
