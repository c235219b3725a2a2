"""What the ORM writes becomes changes: the rows before and after, as the database has them.

INSERT, UPDATE and DELETE are seen where Django executes them, so that it makes no difference
whether signals are sent. A table that no page reads costs nothing but a look at the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db.models import Field, Model

from freshpage.tracking import transactions
from freshpage.tracking.faults import widened
from freshpage.tracking.registry import Registry
from freshpage.tracking.rows import Look, TooMany, key_of, read_by_key, read_where, watched
from freshpage.tracking.shapes import Change, Row
from freshpage.tracking.untyped import Compiler, column_of

Run = Callable[[], Any]


class Writer:
    """Sees a process's writes.

    :param deliver: what to do with changes once they are committed.
    :param insert, update, delete: Django's own execute_sql of the three compilers.
    """

    def __init__(
        self,
        registry: Registry,
        deliver: transactions.Deliver,
        *,
        insert: Callable[..., Any],
        update: Callable[..., Any],
        delete: Callable[..., Any],
    ) -> None:
        self._registry = registry
        self._deliver = deliver
        self._insert, self._update, self._delete = insert, update, delete

    # -- in place of Django's ------------------------------------------------------------

    def insert(self, compiler: Compiler, returning_fields: Any = None) -> Any:
        """In place of SQLInsertCompiler.execute_sql."""

        def run() -> Any:
            with transactions.own_statement(compiler.connection):
                return self._insert(compiler, returning_fields)

        return self._write(compiler, run, lambda: _look_at_insert(compiler, returning_fields))

    def update(self, compiler: Compiler, result_type: str) -> Any:
        """In place of SQLUpdateCompiler.execute_sql."""

        def run() -> Any:
            with transactions.own_statement(compiler.connection):
                return self._update(compiler, result_type)

        return self._write(compiler, run, lambda: _look_at_update(compiler))

    def delete(self, compiler: Compiler, result_type: str, **options: Any) -> Any:
        """In place of SQLDeleteCompiler.execute_sql."""

        def run() -> Any:
            with transactions.own_statement(compiler.connection):
                return self._delete(compiler, result_type, **options)

        return self._write(compiler, run, lambda: _look_at_delete(compiler))

    def _write(self, compiler: Compiler, run: Run, look: Callable[[], Look]) -> Any:
        """Write, and compare the rows before and after, if a page may have read them."""
        name, connection = _table(compiler), compiler.connection
        found = None
        if self._registry.is_read(name):
            try:
                found = look()
            except TooMany:
                pass
            except Exception as fault:  # it is the application's own, if ``run`` raises it too
                widened(f"a write to {name}", fault)
        if found is not None:
            return watched(connection, name, run, found, self._deliver)
        with transactions.at_once(connection, (name,)):
            result = run()
            transactions.add(connection, [Change(name)], self._deliver)
        return result


# -- how the rows of a statement are read ------------------------------------------------

_NOTHING = Look(None, lambda rows, result: [])  # it is not executed


def _look_at_insert(compiler: Compiler, returning_fields: Any) -> Look:
    name, connection = _table(compiler), compiler.connection
    if compiler.query.on_conflict is None:
        own = _own_keys(compiler)
        if own is not None or returning_fields:

            def inserted(_: list[Row], result: Any) -> list[Row]:
                keys = (
                    own if own is not None else _returned_keys(compiler, returning_fields, result)
                )
                rows = read_by_key(connection, name, keys)
                if len(rows) != len(keys):
                    raise TooMany
                return rows

            return Look(None, inserted)
    match = _matching(compiler)

    def read() -> list[Row]:
        return read_where(connection, connection.ops.quote_name(name), *match)

    return Look(read, lambda rows, result: read())


def _look_at_update(compiler: Compiler) -> Look:
    name, connection = _table(compiler), compiler.connection
    if not _compiled(compiler):
        return _NOTHING  # nothing is set, or nowhere; a parent's row may be
    columns = frozenset(field.column for field, *_ in compiler.query.values)
    where = _where(compiler)

    def before() -> list[Row]:
        if not columns.isdisjoint(field.column for field in _key_fields(compiler)):
            raise TooMany  # under another key they are not found again
        return read_where(connection, connection.ops.quote_name(name), *where)

    def after(rows: list[Row], _: Any) -> list[Row]:
        return read_by_key(connection, name, [key_of(name, row) for row in rows])

    return Look(before, after, columns)


def _look_at_delete(compiler: Compiler) -> Look:
    name, connection = _table(compiler), compiler.connection
    statement = _compiled(compiler)
    if not statement:
        return _NOTHING
    sql, params = statement
    target = connection.ops.quote_name(name)
    start = "DELETE FROM " + target  # noqa: S608 (quoted)
    if not sql.startswith(start):
        raise TooMany
    where = sql[len(start) :].removeprefix(" WHERE ")
    return Look(lambda: read_where(connection, target, where, params), lambda rows, result: [])


# -- statements --------------------------------------------------------------------------


def _table(compiler: Compiler) -> str:
    name: str = compiler.query.get_meta().db_table
    return name


def _compiled(compiler: Compiler) -> tuple[str, Sequence[Any]] | None:
    """A statement's SQL, made once; None: there is nothing to execute."""
    try:
        statement: tuple[str, Sequence[Any]] = compiler.as_sql()
    except EmptyResultSet:
        return None
    compiler.as_sql = lambda: statement
    return statement if statement[0] else None


def _where(compiler: Compiler) -> tuple[str, Sequence[Any]]:
    try:
        where, params = compiler.compile(compiler.query.where)
    except FullResultSet:
        return "", ()
    return where, params


def _key_fields(compiler: Compiler) -> list[Field[Any, Any]]:
    options = compiler.query.get_meta()
    return list(getattr(options, "pk_fields", None) or [options.pk])


def _own_keys(compiler: Compiler) -> list[tuple[Any, ...]] | None:
    """The primary keys that the objects bring along; None: not all do."""
    fields = _key_fields(compiler)
    keys = [_values(compiler, obj, fields) for obj in compiler.query.objs]
    return None if any(None in key for key in keys) else keys


def _returned_keys(
    compiler: Compiler, returning: Sequence[Field[Any, Any]], rows: Sequence[Any]
) -> list[tuple[Any, ...]]:
    fields = _key_fields(compiler)
    if not set(returning).issuperset(fields) or len(rows) != len(compiler.query.objs):
        raise TooMany
    places = [(field, list(returning).index(field)) for field in fields]
    return [
        tuple(field.get_db_prep_save(row[place], compiler.connection) for field, place in places)
        for row in rows
    ]


def _values(compiler: Compiler, obj: Model, fields: Iterable[Field[Any, Any]]) -> tuple[Any, ...]:
    """An object's values as the database gets them; None for an expression."""
    values = [(field, getattr(obj, field.attname)) for field in fields]
    return tuple(
        None
        if hasattr(value, "as_sql") or hasattr(value, "resolve_expression")
        else field.get_db_prep_save(value, connection=compiler.connection)
        for field, value in values
    )


def _matching(compiler: Compiler) -> tuple[str, list[Any]]:
    """A condition for the rows that objects become or meet.

    :raises TooMany: they can't be told.
    """
    for fields in _unique_sets(compiler):
        keys = [_values(compiler, obj, fields) for obj in compiler.query.objs]
        if any(None in key for key in keys):
            continue
        quote = compiler.connection.ops.quote_name
        one = " AND ".join(f"{quote(column_of(field))} = %s" for field in fields)
        return " OR ".join([f"({one})"] * len(keys)), [value for key in keys for value in key]
    raise TooMany


def _unique_sets(compiler: Compiler) -> list[list[Field[Any, Any]]]:
    """Sets of columns of which no two rows have the same values."""
    query, options = compiler.query, compiler.query.get_meta()
    if query.unique_fields:
        return [list(query.unique_fields)]
    names: list[Sequence[str]] = [list(together) for together in options.unique_together]
    names += [constraint.fields for constraint in options.total_unique_constraints]
    sets: list[Any] = [[options.get_field(name) for name in together] for together in names]
    sets += [[field] for field in options.local_concrete_fields if field.unique]
    local = set(options.local_concrete_fields)
    # with several of them, which one an insertion runs into is not known
    fitting = [fields for fields in sets if local.issuperset(fields)]
    without_key = [fields for fields in fitting if fields != [options.pk]]
    return without_key if len(without_key) == 1 else []
