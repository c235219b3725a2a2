"""Which names are tables, and which are views that show other tables."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from freshpage.tracking import transactions
from freshpage.tracking.columns import table

_found: dict[str, dict[str, bool]] = {}


def is_table(connection: BaseDatabaseWrapper, name: str) -> bool:
    """Whether a name is a table's: rows of it change by writes to it alone."""
    known = table(name)
    if known is not None and known.managed:
        return True
    found = _found.get(connection.alias, {})
    if name.lower() not in found:
        found = _found[connection.alias] = _look(connection)
    return found.get(name.lower(), False)


def _look(connection: BaseDatabaseWrapper) -> dict[str, bool]:
    with transactions.own_cursor(connection) as cursor:
        listed = connection.introspection.get_table_list(cursor)
    return {one.name.lower(): one.type in ("t", "p") for one in listed}
