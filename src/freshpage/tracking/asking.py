"""Tags of what is known to be read, for who knows it without a query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from freshpage.tracking.columns import spell
from freshpage.tracking.registry import Registry
from freshpage.tracking.shapes import Shape

_registry: Registry | None = None


def ask_by(registry: Registry) -> None:
    """Have the tags made with a process's registry."""
    global _registry
    _registry = registry


def tags_asked(shape: Shape, *values: Iterable[Any]) -> list[str]:
    """The tags of a query of this shape, noted for writers to find.

    :param values: for each column of ``shape.equal`` the values it may have.
    :raises RuntimeError: the data is not tracked in this process.
    """
    if _registry is None:
        raise RuntimeError("the data is not tracked in this process")
    tagger = _registry.tagger(shape)
    if tagger.shape != shape:  # too many shapes: it became the whole table
        return [tagger.tag]
    spelled = [
        [spell(column.kind, value) for value in some]
        for column, some in zip(shape.equal, values, strict=True)
    ]
    return [tagger.tag, *(tagger.asked(spelled) if spelled else ())]
