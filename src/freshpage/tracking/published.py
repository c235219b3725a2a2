"""Rows that count only while a register says so, as djangocms-versioning's table does.

Such rows are taken for a table of their own, the published rows. When another version of the
same thing is published, that is one row of it that has changed, in the columns in which the
two versions differ; a draft is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models.sql.constants import INNER
from django.db.models.sql.query import Query

from freshpage.tracking.columns import table
from freshpage.tracking.conditions import Conditions
from freshpage.tracking.shapes import NEVER, Change, Row, Shape

_NAME = "published "

Read = Callable[[str, str, Sequence[Any]], list[Row]]  # table, column, values


class Register(NamedTuple):
    """A table that says which rows of others count.

    :param table: its name.
    :param kind, key: its columns that name a table and the key of a row there.
    :param state: its column that has the value ``published`` while that row counts.
    :param identities: gives, by table, the columns by which rows are told apart: of those that
        agree in them one counts at a time.
    :param table_of: the table that a value of ``kind`` names.
    """

    table: str
    kind: str
    key: str
    state: str
    published: str
    identities: Callable[[], Mapping[str, tuple[str, ...]]]
    table_of: Callable[[Any], str]


_registers: dict[str, Register] = {}  # by table


def watch_register(register: Register) -> None:
    """Take the rows that a register says count for a table of their own, from now on."""
    _registers[register.table] = register


def source(name: str) -> str:
    """The table whose rows these are."""
    return name.removeprefix(_NAME)


def is_registered(name: str) -> bool:
    """Whether a register tells which rows of a table count."""
    return any(name in register.identities() for register in _registers.values())


def published(name: str) -> str:
    """The name that the rows of a table which count have; its own, where all do."""
    return _NAME + name if is_registered(name) else name


# -- reads -------------------------------------------------------------------------------


class Views(NamedTuple):
    """Tables of a query of which it sees the published rows only.

    :param identities: by alias, the columns that tell rows apart.
    :param registers: the aliases of the registers, of which it reads nothing else.
    :param sources: the tables behind all these.
    """

    identities: dict[str, tuple[str, ...]]
    registers: dict[str, Register]
    sources: frozenset[str]


def views_of(query: Query, aliases: Iterable[str]) -> Views:
    """Those tables of a query.

    :param aliases: that it uses.
    """
    found = Views({}, {}, frozenset())
    if not _registers:
        return found
    parents = {query.alias_map[alias].parent_alias for alias in aliases}
    for alias in aliases:
        join: Any = query.alias_map[alias]
        register = _registers.get(join.table_name)
        if register is None or join.parent_alias is None or join.join_type != INNER:
            continue
        owner = query.alias_map[join.parent_alias].table_name
        asked = Conditions(query.where).equal.get((alias, register.state))
        # a GenericRelation; its module can't be imported where its app is not installed
        relation = getattr(join.join_field, "field", None)
        plain = hasattr(relation, "content_type_field_name") and alias not in parents
        identity = register.identities().get(owner)
        if plain and identity and asked == (register.published,):
            found.identities[join.parent_alias] = identity
            found.registers[alias] = register
            found = found._replace(sources=found.sources | {owner, register.table})
    return found


def unknown_rows(name: str) -> Shape:
    """The part of a table of which only a change that nobody knows matters."""
    return Shape(name, (), arrivals=False, departures=NEVER)


# -- writes ------------------------------------------------------------------------------


def published_changes(
    changes: Sequence[Change], read: Read, is_read: Callable[[str], bool]
) -> list[Change]:
    """What became of published rows.

    :param changes: of one commit.
    :param read: reads rows as they are now; a LookupError: it can't.
    :param is_read: whether a page may have read a table.
    """
    found: list[Change] = []
    for register in _registers.values():
        names = [name for name in register.identities() if is_read(_NAME + name)]
        if not any(change.table in (register.table, *names) for change in changes):
            continue
        try:
            found += _Commit(register, names, changes, read).changes()
        except (LookupError, TypeError, ValueError):
            found += [Change(_NAME + name) for name in names]
    return found


class _Commit:
    """One commit, in the eyes of a register."""

    def __init__(
        self, register: Register, names: list[str], changes: Sequence[Change], read: Read
    ) -> None:
        self._register = register
        self._names = names
        self._read = read
        self._entries = _net(register.table, changes)
        self._rows = {name: _net(name, changes) for name in names}
        unknown = [one for one in changes if one.old is None and one.new is None]
        self._wide = [
            Change(_NAME + one.table, columns=one.columns) for one in unknown if one.table in names
        ]
        if any(one.table == register.table for one in unknown):
            self._wide += [Change(_NAME + name) for name in names]

    def changes(self) -> list[Change]:
        found = self._wide
        for name in self._names:
            found += self._of(name)
        return found

    def _of(self, name: str) -> list[Change]:
        states = self._states(name)
        rows = self._rows[name]
        self._complete(name, states, rows)
        before: dict[Any, list[Row]] = defaultdict(list)
        after: dict[Any, list[Row]] = defaultdict(list)
        for key, (was, is_) in states.items():
            old, new = rows[key]
            if was and old is not None:
                before[self._identity(name, old)].append(old)
            if is_ and new is not None:
                after[self._identity(name, new)].append(new)
        return [
            change
            for identity in before.keys() | after.keys()
            for change in _pair(_NAME + name, before[identity], after[identity])
        ]

    def _states(self, name: str) -> dict[Any, tuple[bool, bool]]:
        """By key, whether a row counted before and counts now."""
        register, states = self._register, {}
        for old, new in self._entries.values():
            for row in filter(None, (old, new)):
                if register.table_of(row[register.kind]) == name:
                    key = row[register.key]
                    was = bool(old and old[register.key] == key and self._says(old))
                    is_ = bool(new and new[register.key] == key and self._says(new))
                    if was or is_:
                        states[key] = (was, is_)
                    else:
                        states.setdefault(key, (False, False))
        return states

    def _says(self, entry: Row) -> bool:
        return bool(entry[self._register.state] == self._register.published)

    def _complete(
        self,
        name: str,
        states: dict[Any, tuple[bool, bool]],
        rows: dict[Any, tuple[Row | None, Row | None]],
    ) -> None:
        """Read what the commit left as it was."""
        register = self._register
        unsaid = [key for key in rows if key not in states]
        if unsaid:
            states.update(dict.fromkeys(unsaid, (False, False)))
            for entry in self._read(register.table, register.key, unsaid):
                if register.table_of(entry[register.kind]) == name and self._says(entry):
                    states[entry[register.key]] = (True, True)
        untouched = [key for key, said in states.items() if any(said) and key not in rows]
        if untouched:
            key_column = _key_of(name)
            for row in self._read(name, key_column, untouched):
                rows[row[key_column]] = (row, row)
            for key in untouched:
                if key not in rows:
                    raise LookupError("the row has been deleted by somebody else")
        for key in states:
            rows.setdefault(key, (None, None))

    def _identity(self, name: str, row: Row) -> tuple[Any, ...]:
        return tuple(row[column] for column in self._register.identities()[name])


def _pair(name: str, before: list[Row], after: list[Row]) -> list[Change]:
    """What happened to one thing that had some rows published and has others now."""
    if len(before) != 1 or len(after) != 1:
        return [Change(name, old, None) for old in before] + [
            Change(name, None, new) for new in after
        ]
    ((old,), (new,)) = before, after
    columns = frozenset(column for column in new if old.get(column) != new[column])
    return [Change(name, old, new, columns)] if columns else []


def _net(name: str, changes: Iterable[Change]) -> dict[Any, tuple[Row | None, Row | None]]:
    """By key, the rows of a table before and after a commit."""
    net: dict[Any, tuple[Row | None, Row | None]] = {}
    column = _key_of(name)
    for change in changes:
        row = change.old or change.new
        if change.table == name and row is not None:
            key = row[column]
            first = net[key][0] if key in net else change.old
            net[key] = (first, change.new)
    return net


def _key_of(name: str) -> str:
    known = table(name)
    if known is None or len(known.key) != 1:
        raise LookupError(f"{name} has no single key")
    return known.key[0]
