"""``"freshpage.compat.wagtailcache"`` in INSTALLED_APPS: the admin's page, a command, tags."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WagtailCacheAppConfig(AppConfig):
    """Has the label of wagtail-cache's own."""

    name = "freshpage.compat.wagtailcache"
    label = "wagtailcache"
    verbose_name = _("Wagtail Cache")

    def ready(self) -> None:
        from freshpage.compat.page import serve_alias  # noqa: PLC0415 (needs the apps)
        from freshpage.compat.wagtailcache.settings import wagtailcache_settings  # noqa: PLC0415

        # also in a process that serves no pages itself
        serve_alias(wagtailcache_settings.WAGTAIL_CACHE_BACKEND)
