"""How the tables of a SELECT hang together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import ForeignKey
from django.db.models.sql.constants import INNER, LOUTER
from django.db.models.sql.query import Query

from freshpage.tracking.expressions import Reads
from freshpage.tracking.shapes import Hop

HOPS = 3  # from a row to the one a condition is about, at most


class Reference(NamedTuple):
    """A foreign key that joins two tables of a query.

    :param holder: the alias of the table that has the column.
    :param owner: the alias of the table it points to, and ``key`` there.
    :param forward: the query went from the holder to the owner.
    :param constraint: the database refuses a value that points nowhere, and it is Django
        that deletes what points to a row along with it.
    """

    holder: str
    column: str
    owner: str
    key: str
    forward: bool
    outer: bool
    constraint: bool


class Joins:
    """The joins among some aliases of a query.

    :param reads: what their conditions read.
    """

    def __init__(self, query: Query, aliases: list[str]) -> None:
        self.reads = Reads()
        self._tables = {alias: query.alias_map[alias].table_name for alias in aliases}
        self._outer = {alias for alias in aliases if query.alias_map[alias].join_type == LOUTER}
        self._parents: dict[str, str] = {}
        self._references: list[Reference] = []
        for alias in aliases:
            join = query.alias_map[alias]
            if join.parent_alias is not None:
                self._take(alias, join)

    def _take(self, alias: str, join: Any) -> None:
        parent, field = join.parent_alias, join.join_field
        self._parents[alias] = parent
        for theirs, own in join.join_cols:
            self.reads.columns.update([(parent, theirs), (alias, own)])
        restriction = field.get_extra_restriction(alias, parent)
        self.reads.look([restriction, join.filtered_relation])
        if len(join.join_cols) != 1 or restriction or join.filtered_relation:
            return
        ((theirs, own),) = join.join_cols
        outer = join.join_type != INNER
        if isinstance(field, ForeignKey):
            self._references.append(
                Reference(parent, theirs, alias, own, True, outer, _is_kept(field))
            )
        elif isinstance(getattr(field, "field", None), ForeignKey):
            kept = _is_kept(field.field)
            self._references.append(Reference(alias, own, parent, theirs, False, outer, kept))

    def is_outer(self, alias: str) -> bool:
        """Whether rows are in the answer without one of this table."""
        return alias in self._outer

    def comes_with_another(self, alias: str) -> bool:
        """Whether a new row can only matter along with another that refers to it.

        What refers to it is written later, or in the same transaction, and has a part of
        its own.
        """
        return any(
            one.owner == alias and one.constraint and (one.forward or not one.outer)
            for one in self._references
        )

    def reachable(self, alias: str) -> Iterator[tuple[str, tuple[Hop, ...]]]:
        """The tables of which a row of this one determines a row, with the way there."""
        pending: list[tuple[str, tuple[Hop, ...]]] = [(alias, ())]
        seen = {alias}
        while pending:
            here, hops = pending.pop(0)
            yield here, hops
            for one in self._references:
                if one.holder == here and one.owner not in seen and len(hops) < HOPS:
                    seen.add(one.owner)
                    hop = Hop(one.column, self._tables[one.owner], one.key)
                    pending.append((one.owner, (*hops, hop)))

    def is_reachable(self, alias: str) -> bool:
        """Whether rows of another table determine one of this."""
        return any(one.owner == alias for one in self._references)

    def adds_to(self, alias: str) -> Reference | None:
        """The rows to which this table only adds: they are in the answer without it too."""
        for one in self._references:
            if one.holder == alias and not one.forward and one.outer:
                return one
        return None

    def beyond(self, alias: str) -> list[str]:
        """The tables that were joined by way of this one."""
        found = [alias]
        for other, parent in self._parents.items():
            if parent in found:
                found.append(other)
        return found[1:]


def _is_kept(field: Any) -> bool:
    on_delete = field.remote_field.on_delete
    by_database = type(on_delete).__name__ == "DatabaseOnDelete"  # Django 6.1
    return bool(field.db_constraint) and not by_database
