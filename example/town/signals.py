"""When the hours of a place change, the pages that show them do."""

from __future__ import annotations

from cms import cache
from django.db import transaction


def hours_changed(raw: bool = False, **kwargs: object) -> None:
    if not raw:
        transaction.on_commit(cache.invalidate_cms_page_cache)
