"""Every store, behind one fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freshpage.stores import Store
from freshpage.stores.redis import TIMES, RedisStore
from tests.servers import RedisServer, free_port, redis_server
from tests.stores.backings import (
    Backing,
    ClusterBacking,
    DjangoBacking,
    HeardBacking,
    MemoryBacking,
    RedisBacking,
    SqliteBacking,
    TieredBacking,
)

ALL = (
    "memory",
    "sqlite",
    "redis",
    "cluster",
    "tiered-sqlite",
    "tiered-redis",
    "heard",
    "tiered-heard",
    "django-locmem",
    "django-redis",
)
SHARED = tuple(name for name in ALL if name != "memory")  # by processes, but for locmem
RAW = ("sqlite", "redis", "cluster", "django-locmem", "django-redis")


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    bus = str(free_port())  # by default ten thousand above the port, which may be no port
    options = ("--cluster-enabled", "yes", "--cluster-port", bus)
    with redis_server(tmp_path_factory.mktemp("cluster"), *options) as server:
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            while client.cluster("INFO")["cluster_state"] != "ok":
                pass
        yield server


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run on machines that are busy with more tests."""
    make = RedisStore.__init__

    def patient(self: RedisStore, *args: Any, times: Any = TIMES, **options: Any) -> None:
        make(self, *args, times=(5.0, 5.0) if times == TIMES else times, **options)

    monkeypatch.setattr(RedisStore, "__init__", patient)


@pytest.fixture(params=ALL)
def backing(request: pytest.FixtureRequest) -> Iterator[Backing]:
    made = make_backing(request.param, request)
    yield made
    made.close()


@pytest.fixture
def store(backing: Backing) -> Store:
    return backing.open()


def make_backing(name: str, request: pytest.FixtureRequest) -> Backing:
    kind, _, below = name.partition("-")
    if kind == "tiered":
        return TieredBacking(make_backing(below, request))
    if name == "memory":
        return MemoryBacking()
    if name == "sqlite":
        path: Path = request.getfixturevalue("tmp_path")
        return SqliteBacking(path)
    if name == "redis":
        return RedisBacking(request.getfixturevalue("redis").url)
    if name == "cluster":
        return ClusterBacking(request.getfixturevalue("cluster").url.removesuffix("/0"))
    if name == "heard":
        directory: Path = request.getfixturevalue("tmp_path")
        return HeardBacking(request.getfixturevalue("redis").url, directory)
    settings = request.getfixturevalue("settings")
    settings.CACHES = {"default": _django_cache(below, request)}
    return DjangoBacking("default")


def _django_cache(kind: str, request: pytest.FixtureRequest) -> dict[str, object]:
    if kind == "redis":
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": request.getfixturevalue("redis").url,
        }
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": request.node.name,
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
