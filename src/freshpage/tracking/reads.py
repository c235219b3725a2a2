"""What a render reads through the ORM becomes its tags.

Queries are seen where Django executes them. What one depends on is worked out once for each
SQL text; after that it costs its conditions' values and the keys of its rows.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.constants import MULTI, SINGLE

from freshpage.tracking import transactions
from freshpage.tracking.boundaries import boundaries, limit_to_next
from freshpage.tracking.conditions import Conditions
from freshpage.tracking.faults import unknown
from freshpage.tracking.plans import Plan, Row
from freshpage.tracking.queries import analyse, conditions_of
from freshpage.tracking.record import Record
from freshpage.tracking.registry import Registry
from freshpage.tracking.selects import NotUnderstood
from freshpage.tracking.shown import Building, building_of
from freshpage.tracking.traces import Trace, trace_of
from freshpage.tracking.untyped import Compiler

PLANS = 4096  # SQL texts remembered

Seen = tuple[Trace, Plan, Sequence[Conditions]]


class Reader:
    """Sees a process's ORM queries.

    :param execute: Django's own SQLCompiler.execute_sql.
    :param read_sql: notes a query that has to be read as SQL: (record, connection, sql).
    """

    def __init__(
        self,
        registry: Registry,
        execute: Callable[..., Any],
        read_sql: Callable[[Record, Any, str], None],
    ) -> None:
        self._registry = registry
        self._execute = execute
        self._read_sql = read_sql
        self._plans: dict[tuple[str, Any], Plan] = {}

    def execute_sql(
        self,
        record: Record,
        compiler: Compiler,
        result_type: str,
        chunked_fetch: bool,
        chunk_size: int,
    ) -> Any:
        """In place of SQLCompiler.execute_sql, within a render."""
        try:
            statement = compiler.as_sql()
        except EmptyResultSet:  # the database is not asked
            return self._execute(compiler, result_type, chunked_fetch, chunk_size)
        compiler.as_sql = lambda: statement
        seen = self._before(record, compiler, statement[0])
        own = vars(compiler.connection)  # not as a context: this is every query
        before, own[transactions.OWN] = own.get(transactions.OWN), True
        try:
            answer = self._execute(compiler, result_type, chunked_fetch, chunk_size)
        finally:
            own[transactions.OWN] = before
            del compiler.as_sql
        if seen is not None:
            building = building_of(compiler.query)
            return self._after(record, seen, result_type, answer, building)
        return answer

    def _before(self, record: Record, compiler: Compiler, sql: str) -> Seen | None:
        """What the query depends on, noted for writers to find before it is asked."""
        try:
            trace = trace_of(record, self._registry)
            plan, conditions = self._plan(compiler, sql)
            if trace.moments:
                self._look_ahead(record, trace, compiler)
            if plan.clock:
                record.read_clock()
            if transactions.is_open(compiler.connection):
                new = plan.since > trace.version
                within_transaction(record, compiler.connection, plan.tables, new)
            return trace, plan, conditions
        except NotUnderstood:
            self._read_as_sql(record, compiler, sql)
        except Exception as fault:
            unknown(record, fault)
        return None

    def _read_as_sql(self, record: Record, compiler: Compiler, sql: str) -> None:
        try:
            self._read_sql(record, compiler.connection, sql)
        except Exception as fault:
            unknown(record, fault)

    def bounded(self, record: Record, moment: datetime.datetime) -> None:
        """Note a moment that is good for the bound of a query only."""
        try:
            trace_of(record, self._registry).moments.append(moment)
        except Exception as fault:
            unknown(record, fault)

    def _look_ahead(self, record: Record, trace: Trace, compiler: Compiler) -> None:
        found = boundaries(compiler.query, trace.moments)
        trace.met.update(boundary.moment for boundary in found)
        limit_to_next(record, compiler.connection, found)

    def _plan(self, compiler: Compiler, sql: str) -> tuple[Plan, Sequence[Conditions]]:
        made = compiler.klass_info
        place = (sql, made and made["model"])
        plan = self._plans.get(place)
        if plan is not None and plan.generation == self._registry.generation:
            return plan, conditions_of(compiler)
        analysis = analyse(compiler)
        plan = Plan(analysis, self._registry)
        if analysis.simple:
            if len(self._plans) >= PLANS:
                self._plans.clear()
            self._plans[place] = plan
        return plan, analysis.conditions

    def _after(
        self,
        record: Record,
        seen: Seen,
        result_type: str,
        answer: Any,
        building: Building | None,
    ) -> Any:
        trace, plan, conditions = seen
        try:
            if result_type == MULTI and not isinstance(answer, list):
                plan.note(record.tags, conditions, None, trace)
                return _noting(record, plan, answer)
            if result_type == MULTI:
                rows = answer[0] if len(answer) == 1 else list(chain.from_iterable(answer))
                plan.note(record.tags, conditions, rows, trace, building)
            elif result_type == SINGLE:
                plan.note(record.tags, conditions, [answer] if answer else [], trace)
            else:
                record.tags.update(plan.whole)
        except KeyError:  # the same SQL of another query: its conditions lie elsewhere
            record.tags.update(plan.whole)
        except Exception as fault:
            unknown(record, fault)
        return answer


def _noting(record: Record, plan: Plan, chunks: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """The chunks of an answer that is fetched while it is used."""
    for chunk in chunks:
        try:
            for row in chunk:
                record.tags.update(plan.row_tags(row))
        except Exception as fault:
            unknown(record, fault)
        yield chunk


def within_transaction(
    record: Record, connection: BaseDatabaseWrapper, tables: Collection[str], new: bool
) -> None:
    """Refuse what a render may see in a transaction, and nobody else.

    :param new: the query's shapes became known after the transaction may have begun: a write
        that did not find them may be hidden from it.
    """
    if transactions.has_written(connection, tables):
        record.lose("uncommitted-data")
    elif not transactions.sees_the_past(connection):
        return
    elif transactions.had_read(connection, record.begun):
        record.lose("older-transaction")  # what was committed since is hidden from it
    elif new and not transactions.is_of_a_test(connection):
        record.lose("new-query")
