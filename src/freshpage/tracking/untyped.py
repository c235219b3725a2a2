"""What Django does not promise, and its types do not describe."""

from __future__ import annotations

from typing import Any

from django.db.models import Field

# Of django.db.models.sql.compiler: a SELECT's, INSERT's, UPDATE's or DELETE's.
Compiler = Any


def column_of(field: Field[Any, Any]) -> str:
    """The column of a field that has one."""
    assert field.column is not None
    return field.column
