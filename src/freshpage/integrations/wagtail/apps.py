"""``"freshpage.integrations.wagtail"`` in INSTALLED_APPS."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured


class WagtailConfig(AppConfig):
    """Has what Wagtail keeps in caches, and makes while it renders, seen for what it is."""

    name = "freshpage.integrations.wagtail"
    label = "freshpage_wagtail"
    verbose_name = "freshpage for Wagtail"

    def ready(self) -> None:
        if not apps.is_installed("wagtail"):
            raise ImproperlyConfigured(
                "freshpage.integrations.wagtail is in INSTALLED_APPS, but 'wagtail' is not"
            )
        # after the models have been loaded
        for name in ("derived", "specific", "tree"):
            import_module(f"freshpage.integrations.wagtail.{name}").install()
        if apps.is_installed("wagtail.images"):
            import_module("freshpage.integrations.wagtail.renditions").install()
