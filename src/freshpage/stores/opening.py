"""From the setting STORE to a store."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from freshpage.entry import Codec
from freshpage.stores.base import Store, StoreError
from freshpage.stores.memory import MemoryStore
from freshpage.stores.tiered import TieredStore

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
    "django": "django:default",
}
_REDIS_OPTIONS = ("ssl_", "max_connections", "client_name", "username", "password")


@dataclass(frozen=True, slots=True)
class _Options:
    codec: Codec
    directory: Path | None
    store_bytes: int
    key_prefix: str
    clock: Callable[[], float]


def open_store(
    url: str,
    *,
    codec: Codec,
    directory: Path | None = None,
    memory_bytes: int = 256 * 2**20,
    store_bytes: int = 2**30,
    key_prefix: str = "",
    admission: bool = False,
    clock: Callable[[], float] = time.time,
) -> Store:
    """The store a URL names, with a memory tier before it. Nothing is connected to yet.

    :param url: one of the spellings in SPELLINGS.
    :param codec: packs what leaves the process.
    :param directory: where "sqlite" keeps its file; made where it is missing.
    :param memory_bytes: bytes of memory for this process's tier; 0: none.
    :param store_bytes: bytes the SQLite file may take.
    :param key_prefix: sets apart sites that share a store.
    :param admission: keep an entry in memory from its second request on.
    :param clock: seconds since 1970.
    :raises StoreError: for a URL that names no store, with the right spelling.
    """
    scheme, colon, rest = url.partition(":")
    if scheme not in SPELLINGS:
        raise _wrong(url, scheme)
    if scheme == "memory":
        if colon:
            raise _wrong(url, scheme)
        return MemoryStore(memory_bytes, admission=admission)
    options = _Options(codec, directory, store_bytes, key_prefix, clock)
    if scheme == "sqlite":
        store = _sqlite(url, rest, options)
    elif scheme == "django":
        store = _django(url, rest, options)
    else:
        store = _redis(url, scheme, options)
    if not memory_bytes:
        return store
    return TieredStore(store, memory_bytes, admission=admission, clock=clock)


def _sqlite(url: str, rest: str, options: _Options) -> Store:
    try:
        from freshpage.stores.sqlite import SqliteStore  # noqa: PLC0415 (not everywhere)
    except ImportError as error:  # Windows has no fcntl
        raise StoreError(f"the sqlite store needs a POSIX system: {error}") from error
    if rest:
        path = Path(unquote(rest.removeprefix("//")))
        if not rest.startswith("///") or not path.name or "?" in rest:
            raise _wrong(url, "sqlite")
        path = Path("/", *path.parts[1:])
    elif url == "sqlite" and options.directory is not None:
        try:
            options.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{options.directory}: {error.strerror}") from error
        path = options.directory / FILE_NAME
    else:
        raise _wrong(url, "sqlite")
    return SqliteStore(
        path, options.codec, budget=options.store_bytes, key_prefix=options.key_prefix
    )


def _django(url: str, alias: str, options: _Options) -> Store:
    from freshpage.stores.django_cache import DjangoCacheStore  # noqa: PLC0415 (needs settings)

    if not alias or alias.startswith("/"):
        raise _wrong(url, "django")
    return DjangoCacheStore(
        alias, options.codec, key_prefix=options.key_prefix, clock=options.clock
    )


def _redis(url: str, scheme: str, options: _Options) -> Store:
    try:
        from freshpage.stores.redis import RedisStore  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise StoreError(
            f"{scheme}:// needs redis-py: pip install 'django-freshpage[redis]' ({error})"
        ) from error
    kind, _, cluster = scheme.partition("+")
    secure = kind in ("rediss", "valkeys")
    try:
        parts = urlsplit(url)
        names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
        known = all(name.startswith(_REDIS_OPTIONS) for name in names)
        database = parts.path.strip("/")
        numbered = not database or (database.isdecimal() and not cluster)
        if not parts.hostname or parts.port == 0 or not known or not numbered or parts.fragment:
            raise _wrong(url, scheme)
        server = f"{'rediss' if secure else 'redis'}:{url.partition(':')[2]}"
        return RedisStore(
            server, options.codec, cluster=bool(cluster), key_prefix=options.key_prefix
        )
    except ValueError as error:  # a port that is no number
        raise StoreError(f"{_hidden(url)}: {error}") from error


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
