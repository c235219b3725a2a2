"""From the setting STORE to a store."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from freshpage.entry import Codec
from freshpage.key import digest, encode
from freshpage.settings import Settings
from freshpage.stores.base import Store, StoreError
from freshpage.stores.breaker import GuardedStore
from freshpage.stores.memory import MemoryStore
from freshpage.stores.tiered import AXES_BYTES, TieredStore

FILE_NAME = "pages.sqlite3"
SPELLINGS = {
    "memory": "memory",
    "sqlite": "sqlite, or sqlite:///absolute/path",
    "redis": "redis://host:6379/0",
    "rediss": "rediss://host:6379/0",
    "valkey": "valkey://host:6379/0",
    "valkeys": "valkeys://host:6379/0",
    "redis+cluster": "redis+cluster://host:6379",
    "rediss+cluster": "rediss+cluster://host:6379",
    "redis+sentinel": "redis+sentinel://host:26379,other:26379/service/0",
    "rediss+sentinel": "rediss+sentinel://host:26379,other:26379/service/0",
    "django": "django:default",
}
_DEFAULTS = Settings()
_REDIS_OPTIONS = ("ssl_", "max_connections", "client_name", "username", "password")


def open_store(
    url: str,
    *,
    codec: Codec,
    settings: Settings = _DEFAULTS,
    directory: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> Store:
    """The store a URL names, with a memory tier before it. Nothing is connected to yet.

    :param url: one of the spellings in SPELLINGS.
    :param codec: packs what leaves the process.
    :param settings: say how much is kept, and which site's it is.
    :param directory: where "sqlite" keeps its file; made where it is missing.
    :param clock: seconds since 1970.
    :raises StoreError: for a URL that names no store, with the right spelling.
    """
    scheme, colon, rest = url.partition(":")
    if scheme not in SPELLINGS:
        raise _wrong(url, scheme)
    if scheme == "memory":
        if colon:
            raise _wrong(url, scheme)
        return MemoryStore(settings.memory_bytes, admission=settings.admission)
    if scheme == "sqlite":
        path = _path(url, rest, directory)
        store = _sqlite(path, codec, settings)
    elif scheme == "django":
        store = GuardedStore(_django(url, rest, codec, settings, clock))
    else:
        store = GuardedStore(_heard(_redis(url, scheme, codec, settings), url, settings, directory))
    if not settings.memory_bytes:  # what pages ask takes little, and saves half of the questions
        return TieredStore(store, AXES_BYTES, only_axes=True, clock=clock)
    return TieredStore(store, settings.memory_bytes, admission=settings.admission, clock=clock)


def _path(url: str, rest: str, directory: Path | None) -> Path:
    if rest:
        path = Path(unquote(rest.removeprefix("//")))
        if not rest.startswith("///") or not path.name or "?" in rest:
            raise _wrong(url, "sqlite")
        return Path("/", *path.parts[1:])
    if url != "sqlite" or directory is None:
        raise _wrong(url, "sqlite")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{directory}: {error.strerror}") from error
    return directory / FILE_NAME


def _sqlite(path: Path, codec: Codec, settings: Settings) -> Store:
    try:
        from freshpage.stores.sqlite import SqliteStore  # noqa: PLC0415 (not everywhere)
    except ImportError as error:  # Windows has no fcntl
        raise StoreError(f"the sqlite store needs a POSIX system: {error}") from error
    return SqliteStore(path, codec, budget=settings.store_bytes, key_prefix=settings.key_prefix)


def _django(
    url: str, alias: str, codec: Codec, settings: Settings, clock: Callable[[], float]
) -> Store:
    from freshpage.stores.django_cache import DjangoCacheStore  # noqa: PLC0415 (needs settings)

    if not alias or alias.startswith("/"):
        raise _wrong(url, "django")
    return DjangoCacheStore(alias, codec, key_prefix=settings.key_prefix, clock=clock)


def store_name(url: str, key_prefix: str) -> str:
    """What a site's store is called in the names of this machine's files about it."""
    return digest(encode((url, key_prefix))).hex()[:16]


def _heard(store: Any, url: str, settings: Settings, directory: Path | None) -> Store:
    """A server's store with an instant pulse, where that is of use and can be had."""
    if not settings.memory_bytes or not settings.trust or directory is None:
        return store  # type: ignore[no-any-return]
    try:
        from freshpage.stores.hearing import HearingStore  # noqa: PLC0415 (not everywhere)
    except ImportError:  # Windows has no fcntl
        return store  # type: ignore[no-any-return]
    name = store_name(url, settings.key_prefix)
    return HearingStore(store, directory / f"heard-{name}", settings.trust)


def _redis(url: str, scheme: str, codec: Codec, settings: Settings) -> Store:
    try:
        from freshpage.stores.redis import RedisStore  # noqa: PLC0415 (optional)
        from freshpage.stores.redis_cluster import ClusterStore  # noqa: PLC0415
    except ImportError as error:
        raise StoreError(
            f"{scheme}:// needs redis-py: pip install 'django-freshpage[redis]' ({error})"
        ) from error
    kind, _, among = scheme.partition("+")
    secure = kind in ("rediss", "valkeys")
    cluster = among == "cluster"
    times = (settings.connect_timeout, settings.store_timeout)
    options: dict[str, Any] = {"key_prefix": settings.key_prefix, "times": times}
    if among == "sentinel":
        server = _sentinels(url, scheme)
        return RedisStore(server, codec, sentinel=True, **options)
    try:
        parts = urlsplit(url)
        names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
        known = all(name.startswith(_REDIS_OPTIONS) for name in names)
        database = parts.path.strip("/")
        numbered = not database or (database.isdecimal() and not cluster)
        if not parts.hostname or parts.port == 0 or not known or not numbered or parts.fragment:
            raise _wrong(url, scheme)
        server = f"{'rediss' if secure else 'redis'}:{url.partition(':')[2]}"
        made = ClusterStore if cluster else RedisStore
        return made(server, codec, **options)
    except ValueError as error:  # a port that is no number
        raise StoreError(f"{_hidden(url)}: {error}") from error


def _sentinels(url: str, scheme: str) -> str:
    """Sentinels, each with its port, the service they look after, and perhaps a database."""
    kind, _, rest = url.partition("+sentinel")
    parts = urlsplit(f"{kind}{rest}")
    hosts = parts.netloc.rpartition("@")[2].split(",")
    service, _, database = parts.path.strip("/").partition("/")
    named = all(host.partition(":")[0] and host.rpartition(":")[2].isdecimal() for host in hosts)
    if not named or not service or (database and not database.isdecimal()) or parts.query:
        raise _wrong(url, scheme)
    return parts.geturl()


def _wrong(url: str, scheme: str) -> StoreError:
    near = scheme if scheme in SPELLINGS else None
    near = near or next(iter(difflib.get_close_matches(scheme.lower(), SPELLINGS, n=1)), None)
    told = (
        f"did you mean {SPELLINGS[near]}?" if near else f"there is {'; '.join(SPELLINGS.values())}"
    )
    return StoreError(f"{_hidden(url)!r} names no store: {told}")


def _hidden(url: str) -> str:
    """A URL as it may be printed, without its password."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"
