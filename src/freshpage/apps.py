"""``"freshpage"`` in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig


class FreshpageConfig(AppConfig):
    """Registers the checks, and has renders watched."""

    name = "freshpage"
    verbose_name = "freshpage"

    def ready(self) -> None:
        from freshpage.ops import checks  # noqa: F401, PLC0415  (registers them)
        from freshpage.tracking.installing import install  # noqa: PLC0415

        install()
