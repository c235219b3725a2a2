"""The one runtime of a process: settings, rules, engine and store, made from Django's
settings on first use.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.utils.autoreload import file_changed

from freshpage.build import build_digest
from freshpage.engine import Engine
from freshpage.entry import Codec
from freshpage.performing import tell
from freshpage.request import LANGUAGE, WHOLE_QUERY
from freshpage.settings import Settings
from freshpage.stores import open_store
from freshpage.stores.base import Store
from freshpage.stores.owing import OwingStore
from freshpage.visitor import SiteRules

SWEEP_SECONDS = 60.0
_LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"


class Runtime:
    """What the front doors of one process share.

    :raises SettingError: for a wrong FRESHPAGE.
    :raises StoreError: for a store that can't be named or opened.
    """

    def __init__(self) -> None:
        given = Settings.from_mapping(getattr(django_settings, "FRESHPAGE", {}))
        self.settings = replace(
            given,
            build=given.build or build_digest(),
            session_cookie=django_settings.SESSION_COOKIE_NAME,
        )
        self.rules = SiteRules()
        self.engine = Engine(self.settings)
        self.store: Store = OwingStore(open_site_store(self.settings))
        # What a render may have read beside what Vary declares, where nobody watched it.
        self.unwatched_axes: tuple[str, ...] = (WHOLE_QUERY,)
        if _LOCALE_MIDDLEWARE in django_settings.MIDDLEWARE:
            self.unwatched_axes += (LANGUAGE,)
        self._swept = time.monotonic()

    def tidy(self) -> None:
        """Have the store swept, on a thread of its own, once in a while."""
        now = time.monotonic()
        if now - self._swept >= SWEEP_SECONDS:
            self._swept = now
            threading.Thread(target=self._sweep, name="freshpage-sweep", daemon=True).start()

    def _sweep(self) -> None:
        try:
            self.store.sweep(time.time())
        except Exception as fault:
            tell("the store could not be swept", fault)


def open_site_store(settings: Settings) -> Store:
    """The store a site's settings name."""
    secrets = [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS]
    return open_store(
        settings.store,
        codec=Codec(secrets),
        directory=store_directory(),
        memory_bytes=settings.memory_bytes,
        store_bytes=settings.store_bytes,
        key_prefix=settings.key_prefix,
        admission=settings.admission,
    )


def store_directory() -> Path:
    """Where a site's SQLite store is when no path is named.

    Every process of the site must find the same one, whoever runs it: so it hangs on the
    project's own folder, and only without one on the folder for temporary files.
    """
    base = getattr(django_settings, "BASE_DIR", None)
    if base:
        return Path(base) / ".freshpage"
    name = hashlib.blake2b(django_settings.SECRET_KEY.encode(), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"freshpage-{name}"


_runtime: Runtime | None = None
_lock = threading.Lock()


def runtime() -> Runtime:
    """The runtime of this process.

    :raises SettingError, StoreError: when it can't be made; it is tried again next time.
    """
    global _runtime
    if _runtime is None:
        with _lock:
            if _runtime is None:
                _runtime = Runtime()
    return _runtime


def runtime_or_none() -> Runtime | None:
    """The runtime; None, with the fault in the log, where it can't be made."""
    try:
        return _runtime or runtime()
    except Exception as fault:
        tell("freshpage is off", fault)
        return None


def reset() -> None:
    """Forget the runtime: the next use makes it anew from the settings."""
    global _runtime
    with _lock:
        old, _runtime = _runtime, None
    if old is not None:
        old.store.close()


def _file_changed(**_: Any) -> None:
    """Under runserver: a template or module was edited, so this is another build."""
    reset()


file_changed.connect(_file_changed)


def _setting_changed(*, setting: str, **_: Any) -> None:
    if setting in _OURS:
        reset()


_OURS = frozenset(
    {
        "FRESHPAGE",
        "ALLOWED_HOSTS",
        "DEBUG",
        "BASE_DIR",
        "MIDDLEWARE",
        "CACHES",
        "LANGUAGES",
        "LANGUAGE_CODE",
        "LANGUAGE_COOKIE_NAME",
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "SECURE_PROXY_SSL_HEADER",
        "SESSION_COOKIE_NAME",
        "USE_I18N",
        "USE_X_FORWARDED_HOST",
        "USE_X_FORWARDED_PORT",
    }
)
setting_changed.connect(_setting_changed)
