"""The runtime of a process: settings, rules, engine and store, made from Django's settings
on first use. Others may be kept beside it, by name.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.utils.autoreload import file_changed

from freshpage.build import build_digest
from freshpage.compressing import compressors
from freshpage.encoder import Encoder
from freshpage.engine import Engine
from freshpage.entry import Codec
from freshpage.performing import tell
from freshpage.renewals import Renewals
from freshpage.repeats import Repeats
from freshpage.replicas import Past
from freshpage.request import LANGUAGE, WHOLE_QUERY
from freshpage.sequence import Sequence
from freshpage.settings import Settings
from freshpage.sharing import Sharing
from freshpage.stores import open_store
from freshpage.stores.base import Store
from freshpage.stores.opening import store_name
from freshpage.stores.owing import OwingStore
from freshpage.visitor import SiteRules

if TYPE_CHECKING:
    from freshpage.stores.ledger import Ledger

logger = logging.getLogger("freshpage")

SWEEP_SECONDS = 60.0
_LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"


class Runtime:
    """What the front doors of one process share.

    :param settings: None: the site's.
    :raises SettingError: for a wrong FRESHPAGE.
    :raises StoreError: for a store that can't be named or opened.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or site_settings()
        build = settings.build or build_digest()
        if django_settings.DEBUG:
            build += "+debug"  # its pages show what visitors are not to see
        compress = compressors(settings.encodings)
        self.settings = replace(settings, build=build, encodings=tuple(compress))
        if not apps.is_installed("freshpage"):
            logger.warning(
                "freshpage: 'freshpage' is not in INSTALLED_APPS, so what pages read is not seen:"
                " only those that state their own freshness are stored"
            )
        self.rules = SiteRules()
        self.engine = Engine(self.settings)
        # for doors at a view: the body may still change, so no ETag of ours and no coding
        self.view_engine = Engine(replace(self.settings, own_etags=False, encodings=()))
        below = open_site_store(self.settings)
        self.store = OwingStore(below, _ledger(self.settings), _tags_of)
        self.sharing = Sharing(self.settings, self.store.leases())
        self.renewals = Renewals()
        self.repeats = Repeats(self.store, self.settings.memory_bytes // 8)
        self.encoder = Encoder(self.store, self.repeats, compress)
        # What a render may have read beside what Vary declares, where nobody watched it.
        self.unwatched_axes: tuple[str, ...] = (WHOLE_QUERY,)
        if _LOCALE_MIDDLEWARE in django_settings.MIDDLEWARE:
            self.unwatched_axes += (LANGUAGE,)
        lag = self.settings.replica_lag
        self.past = Past(lag) if lag else None
        self._swept = time.monotonic()

    def since(self, sequence: Sequence) -> Sequence:
        """S0 of a render that begins now.

        :param sequence: that of the store now.
        """
        return self.past.before(sequence, time.monotonic()) if self.past else sequence

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


def _tags_of(tables: Collection[str]) -> Collection[str]:
    from freshpage.tracking.database import tags_of_tables  # noqa: PLC0415 (needs settings)

    return tags_of_tables(tables)


def _ledger(settings: Settings) -> Ledger | None:
    """Where this machine's processes write down what they owe; None: no other would pay."""
    if settings.store == "memory":
        return None
    try:
        from freshpage.stores.ledger import Ledger  # noqa: PLC0415 (not everywhere)
    except ImportError:  # Windows has no fcntl
        return None
    # what is owed to one store is not paid by telling another
    name = store_name(settings.store, settings.key_prefix)
    return Ledger(store_directory() / f"ledger-{name}")


def site_settings() -> Settings:
    """FRESHPAGE, and what it takes from Django's settings.

    :raises SettingError: for a wrong FRESHPAGE.
    """
    return replace(
        Settings.from_mapping(getattr(django_settings, "FRESHPAGE", {})),
        session_cookie=django_settings.SESSION_COOKIE_NAME,
    )


def open_site_store(settings: Settings) -> Store:
    """The store a site's settings name."""
    secrets = [django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS]
    return open_store(
        settings.store,
        codec=Codec(secrets),
        directory=store_directory(),
        settings=settings,
        clock=_clock,
    )


def _clock() -> float:
    # looked up at each call: whoever stops time.time in a test stops this clock with it
    return time.time()


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


_SITE = ""
_makers: dict[str, Callable[[], Runtime]] = {_SITE: Runtime}
_runtimes: dict[str, Runtime] = {}
_lock = threading.Lock()


def runtime(name: str = _SITE) -> Runtime:
    """The runtime of this process, or one that is kept beside it.

    :raises SettingError, StoreError: when it can't be made; it is tried again next time.
    """
    found = _runtimes.get(name)
    if found is None:
        with _lock:
            found = _runtimes.get(name) or _runtimes.setdefault(name, _makers[name]())
    return found


made = _runtimes.get  # the same where it is made already, by name: one call less for each hit


def runtime_or_none(name: str = _SITE) -> Runtime | None:
    """The runtime; None, with the fault in the log, where it can't be made."""
    try:
        return _runtimes.get(name) or runtime(name)
    except Exception as fault:
        tell("freshpage is off", fault)
        return None


def keep_beside(name: str, make: Callable[[], Runtime]) -> None:
    """Have a runtime of another store kept, which invalidations reach as well."""
    _makers.setdefault(name, make)


def runtimes() -> list[Runtime]:
    """The runtime of this process and all beside it."""
    return [found for name in list(_makers) if (found := runtime_or_none(name)) is not None]


def reset() -> None:
    """Forget the runtimes: the next use makes them anew from the settings."""
    with _lock:
        old = list(_runtimes.values())
        _runtimes.clear()
        # whoever keeps others names them again when he uses them
        _makers.clear()
        _makers[_SITE] = Runtime
    for each in old:
        each.store.close()


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
