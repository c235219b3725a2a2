"""Whatever is wrong with a store, each visitor gets his page (contract 4).

Real servers and files, and steady requests through a door: before, while it is wrong, and
until it is used again.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from freshpage import runtime
from tests.doors.conftest import is_hit, make_visitor  # noqa: F401  (a fixture)
from tests.machines.proxy import Wire
from tests.servers import redis_server

REQUESTS = 25  # while it is wrong
LAST = 10.0  # seconds within which the store is used again

Break = Callable[[], Callable[[], object]]  # breaks it; what it returns mends it


class Place:
    """A store, and how it is broken."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.stack = stack
        self.url = ""

    # -- a Redis server ------------------------------------------------------------------

    def redis(self, *options: str, password: str = "") -> None:
        (self.directory / "redis").mkdir()
        server = redis_server(self.directory / "redis", *options, password=password)
        self.server = self.stack.enter_context(server)
        self.wire = Wire(int(self.server.url.rpartition(":")[2].partition("/")[0]))
        self.stack.callback(self.wire.close)
        before, _, rest = self.server.url.rpartition(":")
        self.url = f"{before}:{self.wire.port}/{rest.partition('/')[2]}"

    def config(self, name: str, value: object) -> None:
        with self.server.client() as client:
            client.config_set(name, value)

    def slow(self) -> Callable[[], object]:
        self.wire.delay = 1.0
        return lambda: setattr(self.wire, "delay", 0.0)

    def cut(self) -> Callable[[], object]:
        self.wire.stop()
        return self.wire.go_on

    def frozen(self) -> Callable[[], object]:
        os.kill(self.server.pid, signal.SIGSTOP)
        return lambda: os.kill(self.server.pid, signal.SIGCONT)

    def full(self) -> Callable[[], object]:
        self.config("maxmemory-policy", "noeviction")
        self.config("maxmemory", 1)
        return lambda: self.config("maxmemory", 0)

    def read_only(self) -> Callable[[], object]:
        with self.server.client() as client:
            client.replicaof("127.0.0.1", 1)

        def again() -> None:
            with self.server.client() as client:
                client.replicaof("NO", "ONE")

        return again

    def wrong_type(self) -> Callable[[], object]:
        with self.server.client() as client:
            names = client.keys("*")
            client.flushall()
            for name in names:
                client.rpush(name, "not what it was")
        return self._flush

    def corrupt(self) -> Callable[[], object]:
        with self.server.client() as client:
            for name in client.keys("*"):
                if client.type(name) == b"hash":
                    client.hset(name, "data", os.urandom(200))
        return lambda: None

    def wrong_password(self) -> Callable[[], object]:
        self.config("requirepass", "another")
        self.wire.reset()

        def again() -> None:
            from redis import Redis

            port = int(self.server.url.rpartition(":")[2].partition("/")[0])
            with Redis(port=port, password="another") as client:
                client.config_set("requirepass", "")

        return again

    def _flush(self) -> None:
        with self.server.client() as client:
            client.flushall()

    # -- an SQLite file ------------------------------------------------------------------

    def sqlite(self) -> None:
        self.file = self.directory / "store.sqlite3"
        self.url = f"sqlite:///{self.file}"

    def on_a_small_disk(self) -> None:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(self.directory)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("only root may mount a small disk")
        umount = ["umount", "--lazy", str(self.directory)]
        self.stack.callback(subprocess.run, umount, check=True)

    def locked(self) -> Callable[[], object]:
        database = sqlite3.connect(self.file, isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        return database.close

    def deleted(self) -> Callable[[], object]:
        for path in self.directory.glob("store.sqlite3*"):
            path.unlink()
        return lambda: None

    def damaged(self) -> Callable[[], object]:
        size = self.file.stat().st_size
        with self.file.open("r+b") as file:
            file.write(os.urandom(size))
        wal = Path(f"{self.file}-wal")
        if wal.exists():
            wal.write_bytes(os.urandom(4096))
        return lambda: None

    def pulse_truncated(self) -> Callable[[], object]:
        os.truncate(f"{self.file}-pulse", 0)
        return lambda: None

    def full_disk(self) -> Callable[[], object]:
        ballast = self.directory / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        return ballast.unlink

    def clock_set_back(self) -> Callable[[], object]:
        now = time.time
        patched = pytest.MonkeyPatch()
        patched.setattr(time, "time", lambda: now() - 86400)
        return patched.undo

    def no_folder(self) -> Callable[[], object]:
        away = self.directory.with_name("away")
        self.directory.rename(away)
        return lambda: away.rename(self.directory)


REDIS = ["slow", "cut", "frozen", "full", "read_only", "wrong_type", "corrupt", "wrong_password"]
SILENT = ["slow", "cut", "frozen"]
SQLITE = ["locked", "deleted", "damaged", "no_folder", "pulse_truncated", "clock_set_back"]
SQLITE += ["full_disk"]


@pytest.fixture
def place(tmp_path) -> Iterator[Place]:
    directory = tmp_path / "here"
    directory.mkdir()
    with ExitStack() as stack:
        yield Place(directory, stack)


def breaker():
    """The one before the server."""
    store = runtime.runtime().store
    while not hasattr(store, "breaker"):
        store = getattr(store, "below", None) or store.lower
    return store.breaker


@pytest.mark.parametrize("memory", [0, 2**20])
@pytest.mark.parametrize("door", ["wsgi", "asgi"])
@pytest.mark.parametrize("fault", REDIS + SQLITE)
def test_visitors_get_their_pages(make_visitor, place, fault, door, memory):  # noqa: F811
    if fault == "full_disk":
        place.on_a_small_disk()
    place.redis() if fault in REDIS else place.sqlite()
    visitor = make_visitor(door, STORE=place.url, MEMORY_BYTES=memory)
    for _ in range(3):
        answer = visitor.get("/tagged/")
    assert is_hit(answer)
    mend = getattr(place, fault)()
    try:
        for number in range(REQUESTS):
            answer = visitor.get("/tagged/")
            assert answer.status_code == 200
            assert answer.text.startswith("page ")
            if number == REQUESTS // 2:
                assert visitor.get("/page/").status_code == 200
        end = time.monotonic() + LAST
        while fault in SILENT and not breaker().is_open:  # then nobody waits out his time on it
            assert visitor.get("/tagged/").status_code == 200
            assert time.monotonic() < end  # for as long as memory is trusted, nobody asks it
    finally:
        mend()
    end = time.monotonic() + LAST
    while not is_hit(visitor.get("/tagged/")):
        assert time.monotonic() < end, "the store is not used again"
        time.sleep(0.02)
    runtime.reset()
