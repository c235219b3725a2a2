"""Memories on several machines agree: each is a store with shared bytes of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from freshpage.sequence import Standing
from freshpage.settings import Settings
from freshpage.stores import open_store
from tests.machines.proxy import Wire
from tests.servers import RedisServer, redis_server
from tests.stores.examples import CODEC, make_entry

KEY = b"page"
TRUST = 1.0  # seconds
MARGIN = 0.3  # seconds that a busy machine may take to run a thread


@pytest.fixture
def server(tmp_path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    with redis_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def machine(tmp_path):
    opened = []

    def make(url: str, name: str):
        directory = tmp_path / name
        settings = Settings(trust=TRUST, store_timeout=0.3)
        store = open_store(
            url, codec=CODEC, settings=settings, directory=directory, clock=time.time
        )
        opened.append(store)
        store.sequence()  # begins it
        until(lambda: store.pulse() >= 0)
        return store

    yield make
    for store in opened:
        store.close()


def until(condition, seconds: float = 10.0) -> float:
    """Wait until something is so; how long that took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + seconds, "it never came to be"
        time.sleep(0.0005)
    return time.monotonic() - start


def keep(store, key=KEY, tag="a"):
    now = time.time()
    entry = make_entry(store.sequence(), (tag,), response_time=now, lifetime=600, expires=now + 600)
    assert store.put(key, entry)
    for _ in range(3):
        assert valid(store, key)


def valid(store, key=KEY) -> bool:
    try:
        held = store.get(key)
    except Exception:
        return False  # not served from memory, and the server did not answer
    return held is not None and held.standing is Standing.VALID


def asks(server: RedisServer) -> int:
    """How many commands the server was given."""
    with server.client() as client:
        return client.info("stats")["total_commands_processed"]


def test_a_hit_asks_nobody(server, machine):
    store = machine(server.url, "one")
    keep(store)
    before = asks(server)
    for _ in range(1000):
        assert valid(store)
    assert asks(server) - before < 100  # the listener's beats


def test_three_machines_agree_when_an_invalidation_has_been_heard(server, machine):
    stores = [machine(server.url, name) for name in ("one", "two", "three")]
    keep(stores[0])
    for store in stores:
        until(lambda store=store: valid(store))
    stores[0].invalidate(["a"])
    assert not valid(stores[0])
    for store in stores[1:]:
        until(lambda store=store: not valid(store), TRUST)


def test_processes_of_one_machine_agree_at_once(server, machine):
    one, two = machine(server.url, "one"), machine(server.url, "one")
    for number in range(50):
        keep(one, b"%d" % number, f"tag {number}")
        assert valid(two, b"%d" % number)
        one.invalidate([f"tag {number}"])
        assert not valid(two, b"%d" % number)


@pytest.mark.parametrize("how", ["in silence", "by a reset", "frozen"])
def test_with_the_wire_cut_memory_is_trusted_no_longer_than_said(server, machine, how):
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    wire = Wire(port)
    far = machine(f"redis://127.0.0.1:{wire.port}/0", "far")
    near = machine(server.url, "near")
    keep(near)
    until(lambda: valid(far))
    if how == "by a reset":
        wire.stop()
        wire.reset()
    elif how == "frozen":
        os.kill(server.pid, signal.SIGSTOP)
    else:
        wire.stop()
    try:
        if how != "frozen":
            near.invalidate(["a"])
        until(lambda: not valid(far), TRUST + MARGIN)
        for _ in range(20):
            assert not valid(far)
    finally:
        os.kill(server.pid, signal.SIGCONT)
        wire.go_on()
    if how == "frozen":
        until(lambda: valid(far))
    else:
        until(lambda: far.pulse() >= 0)
        assert not valid(far)
        until(lambda: _kept(far))
    wire.close()


def _kept(store) -> bool:
    try:
        keep(store)
    except Exception:
        return False
    return True


def test_a_server_that_came_back_empty(server, machine):
    store = machine(server.url, "one")
    keep(store)
    with server.client() as client:
        client.flushall()
    until(lambda: not valid(store), TRUST)
