"""Understanding SQL text: which tables a statement reads, and which rows it writes.

sqlglot parses it. What can't be understood, or is not certain, is None: then anything may
have been read or written.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from freshpage.tracking.columns import table
from freshpage.tracking.shapes import ANY_COLUMN

# Statements that change no rows, by their first word.
HARMLESS = frozenset(
    {"ANALYZE", "BEGIN", "CHECKPOINT", "CLOSE", "COMMIT", "DEALLOCATE", "DECLARE", "DISCARD", "END",
     "EXPLAIN", "FETCH", "LISTEN", "LOCK", "NOTIFY", "PRAGMA", "REINDEX", "RELEASE", "RESET",
     "ROLLBACK", "SAVEPOINT", "SET", "SHOW", "START", "UNLISTEN", "USE", "VACUUM"}
)  # fmt: skip
DIALECTS = {
    "sqlite": "sqlite",
    "postgresql": "postgres",
    "mysql": "mysql",
    "oracle": "oracle",
}
_logger = logging.getLogger("sqlglot")
_PLACEHOLDER = re.compile(r"%(?:%|s|b|t|\((\w+)\)s)")
_MARK = re.compile(r":fp_(\w+)")
_FIRST = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)


class Read(NamedTuple):
    """A table a statement reads, and the columns it names."""

    table: str
    columns: tuple[str, ...]


class Write(NamedTuple):
    """A table a statement writes to.

    :param target: how it names the table; empty: its rows can't be told beforehand.
    :param where: its condition as SQL; empty: all rows.
    :param keys: of the condition's parameters, in their order.
    :param columns: those it sets; None: all.
    :param rows: what it inserts: for each column a value, or the key of a parameter.
    """

    table: str
    target: str = ""
    where: str = ""
    keys: tuple[int | str, ...] = ()
    columns: frozenset[str] | None = None
    rows: tuple[dict[str, Any], ...] = ()


class Parameter(NamedTuple):
    """The place of a value among a statement's parameters."""

    key: int | str


class Statement(NamedTuple):
    """What a statement reads and writes; None: nobody knows."""

    reads: tuple[Read, ...] | None
    writes: tuple[Write, ...] | None
    returns: bool = False  # what it wrote
    clock: bool = False  # it asks for the time


UNKNOWN = Statement(None, None)


def first_word(sql: str) -> str:
    """The word a statement starts with, in upper case."""
    found = _FIRST.match(sql)
    return found[1].upper() if found else ""


@lru_cache(maxsize=1024)
def understand(sql: str, vendor: str, with_parameters: bool) -> Statement:
    """Understand one statement.

    :param vendor: of the database, as Django names it.
    :param with_parameters: "%s" and its like are placeholders in it.
    """
    try:
        import sqlglot  # noqa: PLC0415 (slow to import, and most sites never need it)
        from sqlglot.errors import SqlglotError  # noqa: PLC0415
    except ImportError:
        return UNKNOWN
    text = _marked(sql) if with_parameters else sql
    _logger.addFilter(_say_nothing)  # what can't be parsed is told apart here
    try:
        parsed = sqlglot.parse(text, dialect=DIALECTS.get(vendor))
    except SqlglotError:
        return UNKNOWN
    finally:
        _logger.removeFilter(_say_nothing)
    statements = [one for one in parsed if one is not None]
    if len(statements) != 1:
        return UNKNOWN
    return _Understood(statements[0], text, DIALECTS.get(vendor)).statement()


def _say_nothing(said: logging.LogRecord) -> bool:
    return False


def _marked(sql: str) -> str:
    """The SQL with placeholders that a parser knows."""
    places = iter(range(len(sql)))

    def mark(found: re.Match[str]) -> str:
        return "%" if found[0] == "%%" else f":fp_{found[1] or next(places)}"

    return _PLACEHOLDER.sub(mark, sql)


def _unmarked(text: str) -> tuple[str, tuple[int | str, ...]]:
    keys = tuple(int(key) if key.isdigit() else key for key in _MARK.findall(text))
    return _MARK.sub("%s", text.replace("%", "%%")), keys


class _Understood:
    """One parsed statement."""

    def __init__(self, tree: Any, text: str, dialect: str | None) -> None:
        from sqlglot import exp  # noqa: PLC0415

        self.exp = exp
        self.tree = tree
        self.text = text
        self.dialect = dialect

    def statement(self) -> Statement:
        exp, tree = self.exp, self.tree
        if isinstance(tree, exp.Create) and tree.kind in ("TABLE", "INDEX", "SEQUENCE", "SCHEMA"):
            return Statement((), ())
        known = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
        if not isinstance(tree, known) or tree.find(exp.Command):
            return UNKNOWN
        returns = tree.find(exp.Returning) is not None
        return Statement(self._reads(), self._writes(), returns, self._asks_the_time())

    def _asks_the_time(self) -> bool:
        exp = self.exp
        kinds = (exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp)
        if self.tree.find(*kinds):
            return True
        return any(one.is_string and one.this == "now" for one in self.tree.find_all(exp.Literal))

    # -- reads ---------------------------------------------------------------------------

    def _reads(self) -> tuple[Read, ...] | None:
        exp, tree = self.exp, self.tree
        if tree.find(exp.Anonymous, exp.Parameter):  # a function may read anything
            return None
        defined = {one.alias.lower() for one in tree.find_all(exp.CTE)}
        found = list(tree.find_all(exp.Table))
        if any(not isinstance(one.this, exp.Identifier) for one in found):
            return None
        names = [one for one in found if one.db or one.name.lower() not in defined]
        aliases = {table_name(one.name): set[str]() for one in names}
        for one in names:
            aliases[table_name(one.name)].update((one.name.lower(), one.alias.lower()))
        return tuple(Read(name, self._columns(name, own)) for name, own in aliases.items())

    def _columns(self, name: str, aliases: set[str]) -> tuple[str, ...]:
        """The columns of one table that a statement names; all, where it may be others."""
        exp, known = self.exp, table(name)
        if known is None or any(not self._counts(star) for star in self.tree.find_all(exp.Star)):
            return ANY_COLUMN
        own = {column.lower(): column for column in known.kinds}
        columns = set()
        for column in self.tree.find_all(exp.Column):
            if column.table and column.table.lower() not in aliases:
                continue
            if column.name.lower() in own:
                columns.add(own[column.name.lower()])
            elif column.table:
                return ANY_COLUMN  # ctid, rowid, or a table's name for its whole row
        if any(isinstance(join.args.get("using"), list) for join in self.tree.find_all(exp.Join)):
            return ANY_COLUMN
        return tuple(sorted(columns))

    def _counts(self, star: Any) -> bool:
        return isinstance(star.parent, self.exp.Count)

    # -- writes --------------------------------------------------------------------------

    def _writes(self) -> tuple[Write, ...] | None:
        exp, tree = self.exp, self.tree
        if isinstance(tree, exp.TruncateTable):
            return tuple(Write(table_name(one.name)) for one in tree.find_all(exp.Table))
        inner = [
            one
            for one in tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge)
            if one is not tree
        ]
        writes = [*self._own_write(), *(Write(_target(one)) for one in inner)]
        return None if any(not write.table for write in writes) else tuple(writes)

    def _own_write(self) -> Iterator[Write]:
        exp, tree = self.exp, self.tree
        if isinstance(tree, exp.Query):
            return
        name = _target(tree)
        if isinstance(tree, exp.Insert):
            yield self._insert(name)
        elif isinstance(tree, exp.Update | exp.Delete) and self._is_plain():
            yield self._of_rows(name)
        else:
            yield Write(name)

    def _is_plain(self) -> bool:
        """Whether the statement says no more than which rows of one table, and what to set."""
        own = {"this", "expressions", "where", "returning"}
        if any(value for key, value in self.tree.args.items() if key not in own):
            return False
        return not self.tree.this.args.get("joins")

    def _of_rows(self, name: str) -> Write:
        """An UPDATE or DELETE, with its own text for the table and the condition."""
        import sqlglot  # noqa: PLC0415

        columns, known = self._set(), table(name)
        if isinstance(self.tree, self.exp.Update) and (
            columns is None or known is None or not columns.isdisjoint(known.key)
        ):
            return Write(name, columns=columns)  # they may be under another key afterwards
        depth, start, target, where, end = 0, None, "", None, len(self.text)
        for token in sqlglot.tokenize(self.text, dialect=self.dialect):
            word = token.text.upper()
            depth += (word == "(") - (word == ")")
            if depth or token.token_type.name == "STRING":
                continue
            if start is None and word in ("UPDATE", "FROM"):
                start = token.end + 1
            elif start is not None and not target and word in ("SET", "WHERE", "RETURNING", ";"):
                target = self.text[start : token.start]
            if word == "WHERE" and where is None:
                where = token.end + 1
            elif word in ("RETURNING", ";"):
                end = min(end, token.start)
        if start is None:
            return Write(name, columns=columns)
        target = target or self.text[start:end]
        condition, keys = _unmarked(self.text[where:end] if where is not None else "")
        return Write(name, target.strip(), condition.strip(), keys, columns)

    def _set(self) -> frozenset[str] | None:
        exp = self.exp
        if not isinstance(self.tree, exp.Update):
            return None
        sides = [one.this for one in self.tree.expressions if isinstance(one, exp.EQ)]
        known = table(_target(self.tree))
        if len(sides) != len(self.tree.expressions) or known is None:
            return None
        own = {column.lower(): column for column in known.kinds}
        names = {own.get(one.name.lower()) for one in sides if isinstance(one, exp.Column)}
        if None in names or len(names) != len(sides):
            return None
        return frozenset(name for name in names if name)

    def _insert(self, name: str) -> Write:
        exp, tree = self.exp, self.tree
        values, schema = tree.expression, tree.this
        known = table(name)
        if (
            known is None
            or not isinstance(values, exp.Values)
            or not isinstance(schema, exp.Schema)
            or tree.args.get("conflict")
            or tree.args.get("alternative")
            or tree.args.get("overwrite")
        ):
            return Write(name)
        own = {column.lower(): column for column in known.kinds}
        columns = [own.get(one.name.lower(), one.name) for one in schema.expressions]
        rows = []
        for one in values.expressions:
            row = dict(zip(columns, one.expressions, strict=False))
            rows.append(dict(self._values(row)))
        return Write(name, rows=tuple(rows))

    def _values(self, row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The values of a row that can be told."""
        exp = self.exp
        for column, value in row.items():
            if isinstance(value, exp.Placeholder) and str(value.this).startswith("fp_"):
                key = value.this[len("fp_") :]
                yield column, Parameter(int(key) if key.isdigit() else key)
            elif isinstance(value, exp.Literal):
                yield column, value.this
            elif isinstance(value, exp.Null):
                yield column, None


def _target(tree: Any) -> str:
    """The table that a writing statement names."""
    this = tree.this
    while this is not None and type(this).__name__ in ("Schema", "Alias"):
        this = this.this
    return table_name(this.name) if type(this).__name__ == "Table" else ""


def table_name(name: str) -> str:
    """A table's name as Django has it, whatever case a statement writes it in."""
    return name if table(name) else name.lower()
