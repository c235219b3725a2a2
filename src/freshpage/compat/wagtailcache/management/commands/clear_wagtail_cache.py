"""manage.py clear_wagtail_cache."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from freshpage.compat.wagtailcache.cache import clear_cache


class Command(BaseCommand):
    """Drops every page."""

    help = "Drop every page from the cache."

    def handle(self, *args: Any, **options: Any) -> None:
        clear_cache()
