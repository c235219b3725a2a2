"""Rows that Django remembers in the process, and hands out again without a query.

The managers of ContentType and Site do. What a site's own code remembers (``lru_cache``,
module globals) can't be seen: it says so with :func:`freshpage.tag`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.apps import apps
from django.db.models import Model

from freshpage.tracking.columns import SPELLERS, spell, table
from freshpage.tracking.faults import unknown
from freshpage.tracking.record import current
from freshpage.tracking.registry import Registry
from freshpage.tracking.shapes import ANY_COLUMN, Column, Shape, whole_table
from freshpage.tracking.untyped import column_of

_METHODS = {
    "contenttypes.ContentType": (
        "get_by_natural_key",
        "get_for_id",
        "get_for_model",
        "get_for_models",
    ),
    "sites.Site": ("_get_site_by_id", "_get_site_by_request"),
}


def watch_remembered(registry: Registry) -> None:
    """Have rows that come from a manager's memory tagged as if they were read."""
    for name, methods in _METHODS.items():
        if apps.is_installed(f"django.contrib.{name.partition('.')[0]}"):
            manager = type(apps.get_model(name)._default_manager)
            for method in methods:
                setattr(manager, method, _tagging(registry, getattr(manager, method)))


def _tagging(registry: Registry, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def tagged(self: Any, *args: Any, **options: Any) -> Any:
        found = method(self, *args, **options)
        record = current()
        if record is not None:
            rows = found.values() if isinstance(found, dict) else [found]
            try:
                record.tags.update(row_tags(registry, rows))
            except Exception as fault:
                unknown(record, fault)
        return found

    return tagged


def row_tags(registry: Registry, rows: Iterable[Model]) -> list[str]:
    """The tags of whole rows of tables that have a single key."""
    tags = []
    for row in rows:
        shape = row_shape(type(row))
        tag = registry.tagger(shape).tag
        tags.append(tag)
        if shape.equal:
            tags.append(f"{tag}:{spell(shape.equal[0].kind, row.pk)}")
    return tags


def row_shape(model: type[Model]) -> Shape:
    """The shape of whole rows, found by their key; of the whole table where that can't be."""
    name, key = model._meta.db_table, model._meta.pk
    known = table(name)
    kind = known.kinds.get(column_of(key), -1) if known and key else -1
    if key is None or kind not in SPELLERS:
        return whole_table(name)
    return Shape(name, ANY_COLUMN, (Column(column_of(key), kind),), arrivals=False)
