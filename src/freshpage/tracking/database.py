"""Putting the tracking of reads and writes into Django, in place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.db.models.sql.compiler import (
    SQLCompiler,
    SQLDeleteCompiler,
    SQLInsertCompiler,
    SQLUpdateCompiler,
)
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI

from freshpage.cacheability import EVERYTHING
from freshpage.tracking import transactions
from freshpage.tracking.asking import ask_by
from freshpage.tracking.cached_values import CachedValues
from freshpage.tracking.caches import watch_caches
from freshpage.tracking.clock import watch_clock
from freshpage.tracking.delivery import Delivery, TagStore
from freshpage.tracking.faults import unknown
from freshpage.tracking.raw_sql import RawSql
from freshpage.tracking.reads import Reader
from freshpage.tracking.record import current
from freshpage.tracking.registry import Registry
from freshpage.tracking.remembered import row_shape, row_tags, watch_remembered
from freshpage.tracking.rows import Look, key_of, read_by_key, read_where, watched
from freshpage.tracking.shapes import Change
from freshpage.tracking.shown import see_instances
from freshpage.tracking.sql import DIALECTS
from freshpage.tracking.threads import watch_threads
from freshpage.tracking.uncommitted import uncommitted_tags
from freshpage.tracking.writes import Writer

# What drivers have beside execute.
_PAST_EXECUTE = frozenset({"copy", "copy_expert", "copy_from", "executescript", "stream"})

T = TypeVar("T")
Stores = Callable[[], Sequence[TagStore]]

_stores: Stores | None = None
_delivery: Delivery | None = None
_registry: Registry | None = None


def watch_database(stores: Stores) -> Stores:
    """Have renders recorded and writes invalidate, in this process.

    Called again it only changes the stores.

    :param stores: gives the stores that keep pages; asked each time, never here.
    :returns: what gave the stores before; the same, where nothing did.
    """
    global _delivery, _registry, _stores
    before, _stores = _stores, stores
    if before is None:
        registry = _registry = Registry(_current_stores)
        ask_by(registry)
        delivery = _delivery = Delivery(registry, _current_stores)
        raw = RawSql(registry, delivery.deliver)
        reader = Reader(registry, SQLCompiler.execute_sql, raw.read)
        _see_backends()
        _see_reads(reader)
        _see_writes(registry, delivery)
        see_instances()
        transactions.announce_by(delivery.announced)
        _see_commits()
        _see_cursors(raw)
        watch_clock(reader.bounded)
        watch_threads()
        watch_remembered(registry)
        watch_caches(CachedValues(registry, partial(delivery.deliver, None)))
    return before or stores


def tags_of(changes: list[Change]) -> Collection[str]:
    """The tags of the pages that changes may touch; every page's, where nothing is watched."""
    return (EVERYTHING,) if _delivery is None else _delivery.tags(None, changes)


def tags_of_tables(names: Collection[str]) -> Collection[str]:
    """The tags of the pages that may show rows of some tables."""
    return tags_of([Change(name) for name in names])


def showing(model: type[Model]) -> Callable[[Iterable[Model]], None]:
    """What notes rows of a model that a render gets otherwise than by a query that is seen.

    To be asked for before they are read, so that whoever writes them meanwhile knows of it.
    That such a row is made ends no page, only that it is changed or deleted.
    """
    record, registry = current(), _registry
    if record is None or registry is None:
        return lambda rows: None
    try:
        registry.tagger(row_shape(model))
    except Exception as fault:
        unknown(record, fault)

    def show(rows: Iterable[Model]) -> None:
        try:
            record.tags.update(row_tags(registry, rows))
        except Exception as fault:
            unknown(record, fault)

    return show


def compared(
    connection: BaseDatabaseWrapper,
    name: str,
    where: str,
    params: Sequence[Any],
    write: Callable[[], T],
) -> T:
    """Write to rows of a table in ways that can't be seen.

    :param where: SQL that holds, before the write, for all rows it touches; it adds none.
    """

    def unseen() -> T:
        with transactions.own_statement(connection):
            return write()

    if _delivery is None:
        return write()
    look = Look(
        lambda: read_where(connection, connection.ops.quote_name(name), where, params),
        lambda rows, _: read_by_key(connection, name, [key_of(name, row) for row in rows]),
    )
    return watched(connection, name, unseen, look, _delivery.deliver)


def uncommitted() -> frozenset[str]:
    """The tags of what this thread has written and not committed."""
    return uncommitted_tags(_delivery.tags if _delivery else None)


def _current_stores() -> Sequence[TagStore]:
    assert _stores is not None
    return _stores()


def _see_backends() -> None:
    """Note renders that read from a database whose compilers may go other ways."""
    compiler = BaseDatabaseOperations.compiler

    def compiler_seen(self: BaseDatabaseOperations, compiler_name: str) -> Any:
        record = current()
        if record is not None and self.connection.vendor not in DIALECTS:
            unknown(record, LookupError(f"databases by {self.connection.vendor} are not known"))
        return compiler(self, compiler_name)

    BaseDatabaseOperations.compiler = compiler_seen  # type: ignore[method-assign]


def _see_reads(reader: Reader) -> None:
    execute: Any = SQLCompiler.execute_sql

    def execute_sql(
        self: SQLCompiler,
        result_type: str = MULTI,
        chunked_fetch: bool = False,
        chunk_size: int = GET_ITERATOR_CHUNK_SIZE,
    ) -> Any:
        record = current()
        if record is None or transactions.is_own(self.connection):
            return execute(self, result_type, chunked_fetch, chunk_size)
        return reader.execute_sql(record, self, result_type, chunked_fetch, chunk_size)

    SQLCompiler.execute_sql = execute_sql  # type: ignore[method-assign, assignment]


def _see_writes(registry: Registry, delivery: Delivery) -> None:
    writer = Writer(
        registry,
        delivery.deliver,
        insert=SQLInsertCompiler.execute_sql,
        update=SQLUpdateCompiler.execute_sql,
        delete=SQLDeleteCompiler.execute_sql,
    )

    def insert(self: SQLInsertCompiler, returning_fields: Any = None) -> Any:
        return writer.insert(self, returning_fields)

    def update(self: SQLUpdateCompiler, result_type: str) -> Any:
        return writer.update(self, result_type)

    def delete(self: SQLDeleteCompiler, result_type: str = MULTI, **options: Any) -> Any:
        return writer.delete(self, result_type, **options)

    SQLInsertCompiler.execute_sql = insert  # type: ignore[method-assign]
    SQLUpdateCompiler.execute_sql = update  # type: ignore[method-assign]
    SQLDeleteCompiler.execute_sql = delete  # type: ignore[method-assign, assignment]


def _see_commits() -> None:
    commit, rollback = BaseDatabaseWrapper.commit, BaseDatabaseWrapper.rollback
    set_autocommit = BaseDatabaseWrapper.set_autocommit

    def commit_and_deliver(self: BaseDatabaseWrapper) -> None:
        with transactions.announced(transactions.written(self)):
            commit(self)
            transactions.begin(self)
            transactions.deliver_pending(self)

    def rollback_seen(self: BaseDatabaseWrapper) -> None:
        rollback(self)
        transactions.begin(self)

    def set_autocommit_seen(self: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        set_autocommit(self, *args, **options)
        transactions.begin(self)

    BaseDatabaseWrapper.commit = commit_and_deliver  # type: ignore[method-assign]
    BaseDatabaseWrapper.rollback = rollback_seen  # type: ignore[method-assign]
    BaseDatabaseWrapper.set_autocommit = set_autocommit_seen  # type: ignore[method-assign]


def _see_cursors(raw: RawSql) -> None:
    execute, executemany = CursorWrapper.execute, CursorWrapper.executemany
    callproc, getattr_ = CursorWrapper.callproc, CursorWrapper.__getattr__

    def execute_seen(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        transactions.first_query(self.db, sql)
        if transactions.is_own(self.db) or (current() is None and sql[:6] == "SELECT"):
            return execute(self, sql, params)
        return raw.executed(self, sql, params, lambda: execute(self, sql, params))

    def executemany_seen(self: CursorWrapper, sql: Any, param_list: Any) -> Any:
        transactions.first_query(self.db, sql)
        if transactions.is_own(self.db):
            return executemany(self, sql, param_list)
        return raw.executed(
            self, sql, param_list, lambda: executemany(self, sql, param_list), many=True
        )

    def callproc_seen(self: CursorWrapper, *args: Any, **options: Any) -> Any:
        result = callproc(self, *args, **options)
        raw.wrote_anything(self.db)
        return result

    def getattr_seen(self: CursorWrapper, name: str) -> Any:
        found = getattr_(self, name)
        return raw.watching(self.db, found) if name in _PAST_EXECUTE else found

    CursorWrapper.execute = execute_seen  # type: ignore[method-assign]
    CursorWrapper.executemany = executemany_seen  # type: ignore[method-assign]
    CursorWrapper.callproc = callproc_seen  # type: ignore[method-assign]
    CursorWrapper.__getattr__ = getattr_seen  # type: ignore[method-assign]
