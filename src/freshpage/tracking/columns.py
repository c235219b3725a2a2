"""What the tables of the site's models are made of, by their names in the database.

Values of a column are compared across processes, drivers and spellings as short texts. Two
values the database takes for equal must have one text; the reverse is not needed.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections, models

from freshpage.tracking.untyped import column_of

INTEGER, TEXT, BOOLEAN, UUID_, DATE, DATETIME, NUMBER, OTHER = range(8)

NULL = "~"
LINE = 255  # characters of a short text

_KINDS = {
    "AutoField": INTEGER,
    "BigAutoField": INTEGER,
    "SmallAutoField": INTEGER,
    "IntegerField": INTEGER,
    "BigIntegerField": INTEGER,
    "SmallIntegerField": INTEGER,
    "PositiveIntegerField": INTEGER,
    "PositiveBigIntegerField": INTEGER,
    "PositiveSmallIntegerField": INTEGER,
    "CharField": TEXT,
    "SlugField": TEXT,
    "TextField": TEXT,
    "FileField": TEXT,
    "FilePathField": TEXT,
    "BooleanField": BOOLEAN,
    "UUIDField": UUID_,
    "DateField": DATE,
    "DateTimeField": DATETIME,
    "DecimalField": NUMBER,
    "FloatField": NUMBER,
}
# These compare texts byte by byte, unless a column has a collation of its own.
_EXACT_TEXT = frozenset({"sqlite", "postgresql"})


class Table(NamedTuple):
    """One table.

    :param kinds: of its columns.
    :param key: the columns of its primary key.
    :param unique: columns that are unique by themselves, the primary key among them.
    :param short: columns of texts that are a line at most.
    :param by_bytes: columns of short texts that every database orders alike.
    :param managed: Django made it, so it is no view.
    """

    kinds: dict[str, int]
    key: tuple[str, ...]
    unique: frozenset[str]
    short: frozenset[str]
    by_bytes: frozenset[str]
    managed: bool


def table(name: str) -> Table | None:
    """A table of the site's models; None: no model has it."""
    return _tables(_generation()).get(name)


def _generation() -> int:
    """Differs when models were registered since."""
    return sum(len(found) for found in apps.all_models.values())


@lru_cache(maxsize=1)
def _tables(generation: int) -> dict[str, Table]:
    configured = list(connections)
    exact_text = all(connections[alias].vendor in _EXACT_TEXT for alias in configured)
    plain_time = not any(connections[alias].settings_dict["TIME_ZONE"] for alias in configured)
    by_bytes = all(connections[alias].vendor == "sqlite" for alias in configured)
    usable = set(range(8))
    if not exact_text:
        usable.discard(TEXT)
    if not plain_time:
        usable.discard(DATETIME)  # naive values would have to be told apart by database
    found: dict[str, Table] = {}
    for by_name in list(apps.all_models.values()):
        for model in list(by_name.values()):
            options = model._meta
            if options.proxy or options.abstract or options.swapped:
                continue
            described = _describe(model, usable, by_bytes=by_bytes)
            former = found.get(options.db_table)
            found[options.db_table] = _merge(former, described) if former else described
    return found


def _describe(model: type[models.Model], usable: set[int], *, by_bytes: bool) -> Table:
    options = model._meta
    kinds = {}
    for field in options.local_concrete_fields:
        kind = _kind(field)
        kinds[column_of(field)] = kind if kind in usable else OTHER
    key = tuple(column_of(field) for field in options.pk_fields)
    unique = {column_of(field) for field in options.local_concrete_fields if field.unique}
    if len(key) == 1:
        unique.add(key[0])
    short = {
        column_of(field)
        for field in options.local_concrete_fields
        if kinds[column_of(field)] == TEXT and 0 < (field.max_length or 0) <= LINE
    }
    ordered = short if by_bytes else short.intersection(_materialized_paths(model))
    return Table(
        kinds, key, frozenset(unique), frozenset(short), frozenset(ordered), options.managed
    )


def _materialized_paths(model: type[models.Model]) -> tuple[str, ...]:
    """A tree's column of digits and capitals, which come in one order everywhere."""
    in_tree = any(base.__module__ == "treebeard.mp_tree" for base in model.__mro__)
    return ("path",) if in_tree else ()


def _merge(one: Table, other: Table) -> Table:
    """Two models of one table: what both agree on."""
    kinds = {
        column: one.kinds.get(column, kind) if one.kinds.get(column, kind) == kind else OTHER
        for column, kind in other.kinds.items()
    }
    return Table(
        {**one.kinds, **kinds},
        one.key if one.key == other.key else (),
        one.unique & other.unique,
        one.short & other.short,
        one.by_bytes & other.by_bytes,
        one.managed or other.managed,
    )


def _kind(field: models.Field[Any, Any]) -> int:
    seen = 0
    while isinstance(field, models.ForeignKey) and seen < 8:
        field, seen = field.target_field, seen + 1
    if getattr(field, "db_collation", None) or not _sent_as_it_is(field):
        return OTHER
    return _KINDS.get(field.get_internal_type(), OTHER)


def _sent_as_it_is(field: models.Field[Any, Any]) -> bool:
    """Whether a condition's value is what the database gets, but for Django's own care."""
    return all(
        getattr(type(field), method).__module__.startswith("django.db.models.")
        for method in ("get_db_prep_value", "get_db_prep_save", "get_internal_type")
    )


# -- values ------------------------------------------------------------------------------


def _integer(value: Any) -> str:
    return str(int(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {value!r}")
    return value


def _boolean(value: Any) -> str:
    return "1" if int(value) else "0"


def _uuid(value: Any) -> str:
    return value.hex if isinstance(value, uuid.UUID) else uuid.UUID(str(value)).hex


def _date(value: Any) -> str:
    return as_date(value).isoformat()


# The kinds whose values can be compared for equality by a text.
SPELLERS: dict[int, Callable[[Any], str]] = {
    INTEGER: _integer,
    TEXT: _text,
    BOOLEAN: _boolean,
    UUID_: _uuid,
    DATE: _date,
}


def spell(kind: int, value: Any) -> str:
    """The text of a value.

    :raises KeyError: the kind has none.
    :raises ValueError, TypeError: the value is not of that kind.
    """
    return NULL if value is None else SPELLERS[kind](value)


def as_date(value: Any) -> datetime.date:
    """A date from what a driver or a condition gives.

    :raises ValueError, TypeError: it is none.
    """
    if isinstance(value, datetime.datetime):
        return value.date()
    return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)


def as_datetime(value: Any) -> datetime.datetime:
    """A datetime from what a driver or a condition gives; naive ones are UTC.

    :raises ValueError, TypeError: it is none.
    """
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(as_date(value), datetime.time())
    moment: datetime.datetime = value
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
