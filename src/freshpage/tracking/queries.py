"""Taking a query apart: which part each table plays in its answer.

A row of a table can change an answer in three ways. It is in the answer and its content
changes: the row has a tag of its own. It comes into the answer, or leaves it: a shape stands
for the conditions that decide it. It is counted, summed or skipped without being in the
answer itself: then the shape stands for its leaving too.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db.models.sql.query import Query

from freshpage.tracking import ignored
from freshpage.tracking.conditions import Conditions, Key, aggregates_of
from freshpage.tracking.expressions import Reads
from freshpage.tracking.parts import Part, RowTags
from freshpage.tracking.selects import NotUnderstood, Select
from freshpage.tracking.untyped import Compiler


class Analysis(NamedTuple):
    """What a query depends on.

    :param conditions: of the query (number 0) and of those within it.
    :param clock: the database is asked for the time.
    """

    parts: tuple[Part, ...]
    rows: tuple[RowTags, ...]
    conditions: tuple[Conditions, ...]
    tables: frozenset[str]
    clock: bool

    @property
    def simple(self) -> bool:
        """Whether there is no query within it."""
        return len(self.conditions) == 1


def analyse(compiler: Compiler) -> Analysis:
    """Take a SELECT apart.

    :param compiler: one that has made its SQL already.
    :raises NotUnderstood: parts of it are SQL text.
    """
    outermost = compiler.query
    inner = getattr(outermost, "inner_query", None)
    if inner is not None:
        outer = Reads(*outermost.annotation_select.values())
        if outer.opaque or outer.subqueries:
            raise NotUnderstood("an aggregate over a subquery")
    selects: list[Select] = []
    _take(inner or outermost, compiler, selects)
    parts = [part for number, one in enumerate(selects) for part in one.parts(number)]
    rows = selects[0].rows if selects[0].query is outermost else ()
    tables = {name for select in selects for name in select.tables.values()}
    tables.update(*(select.views.sources for select in selects))
    return Analysis(
        tuple(part for part in parts if part.shape.table not in ignored.TABLES),
        tuple(one for one in rows if one.shape.table not in ignored.TABLES),
        tuple(select.conditions for select in selects),
        frozenset(tables - ignored.TABLES),
        any(select.clock for select in selects),
    )


def _take(query: Query, compiler: Compiler, selects: list[Select]) -> set[Key]:
    """Take apart a query and those within it; the columns it reads of those around it."""
    if query.combinator:
        return set().union(*(_take(one, compiler, selects) for one in query.combined_queries))
    select = Select(query, compiler.connection, in_answer=query is compiler.query)
    selects.append(select)
    free = select.free
    for one in select.subqueries:
        free |= _take(one, compiler, selects)
    return free - select.claim(free)


def conditions_of(compiler: Compiler) -> tuple[Conditions, ...]:
    """The conditions of a query that was found to be simple."""
    query = getattr(compiler.query, "inner_query", compiler.query)
    return (Conditions(query.where, aggregates_of(query)),)
