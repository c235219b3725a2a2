"""``"freshpage.integrations.cms"`` in INSTALLED_APPS."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured


class CmsConfig(AppConfig):
    """Puts our functions in the place of django-cms's own."""

    name = "freshpage.integrations.cms"
    label = "freshpage_cms"
    verbose_name = "freshpage for django-cms"

    def ready(self) -> None:
        if not apps.is_installed("cms"):
            raise ImproperlyConfigured(
                "freshpage.integrations.cms is in INSTALLED_APPS, but 'cms' is not"
            )
        # after the models have been loaded
        import_module("freshpage.integrations.cms.binding").install()
