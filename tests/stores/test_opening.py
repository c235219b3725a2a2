"""From STORE to a store, or to a message with the right spelling."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pytest

from freshpage.settings import Settings
from freshpage.stores import StoreError, open_store
from freshpage.stores.memory import MemoryStore
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.tiered import TieredStore
from tests.stores.examples import CODEC


def opened(url: str, directory: Path | None = None, **settings: Any) -> Any:
    return open_store(url, codec=CODEC, directory=directory, settings=Settings(**settings))


def test_memory() -> None:
    assert type(opened("memory")) is MemoryStore


def test_sqlite_in_the_directory_given(tmp_path: Path) -> None:
    store = opened("sqlite", tmp_path / "made" / "here")
    assert type(store) is TieredStore
    assert type(store.lower) is SqliteStore
    assert store.lower._file.path == tmp_path / "made" / "here" / "pages.sqlite3"
    assert (tmp_path / "made" / "here").stat().st_mode & 0o777 == 0o700
    store.sequence()
    store.close()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///srv/site/pages.db", "/srv/site/pages.db"),
        ("sqlite:////srv/site/pages.db", "/srv/site/pages.db"),
        ("sqlite:///srv/a%20b%3F.db", "/srv/a b?.db"),
    ],
)
def test_sqlite_at_a_path(url: str, path: str) -> None:
    assert opened(url).lower._file.path == Path(path)


def test_nothing_is_connected_to() -> None:
    opened("redis://nowhere.invalid:1/0")
    opened("redis+cluster://nowhere.invalid:1")
    opened("sqlite:///nowhere/at/all.db")


def test_no_memory_tier() -> None:
    store = opened("sqlite:///a/b.db", memory_bytes=0)
    assert type(store.lower) is SqliteStore
    assert store._only_axes


def test_settings_reach_the_stores() -> None:
    store = opened(
        "sqlite:///a/b.db", memory_bytes=77, store_bytes=99, admission=True, key_prefix="site"
    )
    assert store._sieve.budget == 77
    assert store._sieve._ghosts is not None
    assert store.lower._budget == 99
    server = opened("redis://host", memory_bytes=0, connect_timeout=0.3, store_timeout=0.2)
    connection = server.lower.below._client().connection_pool.connection_kwargs
    assert connection["socket_connect_timeout"] == 0.3
    assert connection["socket_timeout"] == 0.2
    other = opened("sqlite:///a/b.db")
    assert store.lower._site != other.lower._site


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlit", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("SQLite", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite3:///a/b", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite:", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite:pages.db", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite://pages.db", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite:///", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("sqlite:///a/b?mode=ro", "did you mean sqlite, or sqlite:///absolute/path?"),
        ("redis:localhost", "did you mean redis://host:6379/0?"),
        ("redis://", "did you mean redis://host:6379/0?"),
        ("redis://host/cache", "did you mean redis://host:6379/0?"),
        ("redis://host/0?sockettimeout=3", "did you mean redis://host:6379/0?"),
        ("redis://host/0?decode_responses=1", "did you mean redis://host:6379/0?"),
        ("redis://host/0#x", "did you mean redis://host:6379/0?"),
        ("redis+cluster://host/2", "did you mean redis+cluster://host:6379?"),
        ("redis+clustr://host", "did you mean redis+cluster://host:6379?"),
        ("vlakey://host", "did you mean valkey://host:6379/0?"),
        ("django", "did you mean django:default?"),
        ("django://default", "did you mean django:default?"),
        ("memory:", "did you mean memory?"),
        ("locmem", "there is memory; sqlite, or"),
        ("postgresql://u:secret@host/db", "there is memory; sqlite, or"),
        ("", "there is memory; sqlite, or"),
        ("redis://host:port/0", "redis://host:port/0: Port could not be cast"),
        ("redis://:secret@host:99999", "redis://host:99999: Port out of range"),
    ],
)
def test_a_wrong_url_is_answered_with_the_right_spelling(url: str, message: str) -> None:
    with pytest.raises(StoreError) as caught:
        opened(url)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_alias_django_does_not_have(settings: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    }
    with pytest.raises(
        StoreError, match="CACHES has no 'pages'; it has django:default, django:dummy"
    ):
        opened("django:pages")
    with pytest.raises(StoreError, match=r"CACHES\['dummy'\]: DummyCache can't keep a store"):
        opened("django:dummy")
    assert type(opened("django:default")) is TieredStore


def test_redis_py_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_redis(name: str, *args: Any) -> Any:
        if name.partition(".")[0] == "redis":
            raise ModuleNotFoundError("No module named 'redis'")
        return real(name, *args)

    monkeypatch.delitem(sys.modules, "freshpage.stores.redis", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_redis)
    with pytest.raises(StoreError, match=r"valkey:// needs redis-py: pip install 'django-fresh"):
        opened("valkey://host")


def test_a_directory_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/cache: "):
        opened("sqlite", tmp_path / "file" / "cache")
