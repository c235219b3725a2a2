"""``"freshpage"`` in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings

_DROP_INS = ("freshpage.compat.django.", "CACHE_MIDDLEWARE_ALIAS")
_WAGTAILS = ("freshpage.compat.wagtailcache.", "WAGTAIL_CACHE_BACKEND")


class FreshpageConfig(AppConfig):
    """Registers the checks, has renders and writes watched, and the drop-ins' pages
    invalidated.
    """

    name = "freshpage"
    verbose_name = "freshpage"

    def ready(self) -> None:
        from freshpage.ops import checks  # noqa: F401, PLC0415  (registers them)
        from freshpage.runtime import runtimes  # noqa: PLC0415
        from freshpage.tracking.database import watch_database  # noqa: PLC0415
        from freshpage.tracking.installing import install  # noqa: PLC0415

        install()
        watch_database(lambda: [one.store for one in runtimes()])
        for place, alias in (_DROP_INS, _WAGTAILS):
            if any(name.startswith(place) for name in settings.MIDDLEWARE):
                from freshpage.compat.page import serve_alias  # noqa: PLC0415

                # also in a process that serves no pages itself
                serve_alias(getattr(settings, alias, "default"))
