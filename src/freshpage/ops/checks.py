"""``manage.py check``: wrong settings and stores that can't be used, said before they matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from freshpage.runtime import open_site_store
from freshpage.settings import SettingError, Settings

_MIDDLEWARE = "freshpage.middleware.PageCacheMiddleware"


@register(Tags.caches)
def check_settings(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """FRESHPAGE says what we know, and its store answers."""
    try:
        settings = Settings.from_mapping(getattr(django_settings, "FRESHPAGE", {}))
    except SettingError as fault:
        return [Error(text, id="freshpage.E001") for text in str(fault).split("; ")]
    try:
        store = open_site_store(settings)
    except Exception as fault:
        return [
            Error(
                f"FRESHPAGE['STORE'] can't be used: {fault}",
                hint="Until it is mended every page is rendered anew.",
                id="freshpage.E002",
            )
        ]
    try:
        store.sequence()
    except Exception as fault:
        return [
            Warning(
                f"The store {settings.store!r} does not answer: {fault}",
                hint="Until it does every page is rendered anew.",
                id="freshpage.W001",
            )
        ]
    finally:
        store.close()
    return []


@register(Tags.caches)
def check_middleware(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """The middleware door is the first."""
    middleware = list(django_settings.MIDDLEWARE)
    if _MIDDLEWARE in middleware and middleware[0] != _MIDDLEWARE:
        return [
            Warning(
                f"{_MIDDLEWARE} is not the first in MIDDLEWARE.",
                hint="What stands before it runs on every hit, and what it adds is not stored.",
                id="freshpage.W002",
            )
        ]
    return []
