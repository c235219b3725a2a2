"""``"freshpage"`` in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig


class FreshpageConfig(AppConfig):
    """Registers the checks."""

    name = "freshpage"
    verbose_name = "freshpage"

    def ready(self) -> None:
        from freshpage.ops import checks  # noqa: F401  (registers them)
