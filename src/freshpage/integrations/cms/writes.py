"""Writes of django-cms's that no parser understands: their rows are compared all the same."""

from __future__ import annotations

from typing import Any

from cms.models import CMSPlugin, Placeholder
from django.db import connections, router

from freshpage.tracking.database import compared

_recalculate = Placeholder._recalculate_plugin_positions


def recalculate_plugin_positions(self: Any, language: str, *args: Any, **options: Any) -> Any:
    """Close gaps between a placeholder's plugins, which touches no others."""
    connection = connections[router.db_for_write(CMSPlugin)]
    quote = connection.ops.quote_name
    return compared(
        connection,
        CMSPlugin._meta.db_table,
        f"{quote('placeholder_id')} = %s AND {quote('language')} = %s",
        [self.pk, language],
        lambda: _recalculate(self, language, *args, **options),
    )
