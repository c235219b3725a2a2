"""What is owed to a store is delivered behind the visitors' backs, and nothing is read before."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from freshpage.sequence import Standing
from freshpage.stores.base import WAIT, StoreError
from freshpage.stores.ledger import Ledger
from freshpage.stores.owing import LOOK, OwingStore
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.tiered import TieredStore
from tests.stores.examples import CODEC, make_entry

KEY = b"key"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Silent(SqliteStore):
    """One whose invalidations fail for a while, and that knows who made them."""

    silent = True

    def __init__(self, path) -> None:
        super().__init__(path, CODEC, budget=2**24)
        self.asked_by: list[str] = []

    def invalidate(self, tags, *, soft=False):
        self.asked_by.append(threading.current_thread().name)
        if self.silent:
            raise StoreError("it does not answer")
        return super().invalidate(tags, soft=soft)


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def answers(store: OwingStore) -> bool:
    try:
        store.get(KEY)
    except StoreError:
        return False
    return True


def stored(store: OwingStore) -> None:
    now = time.time()
    times = {"response_time": now, "lifetime": 600.0, "expires": now + 600}
    assert store.put(KEY, make_entry(store.sequence(), tags=("tag",), **times))
    held = store.get(KEY)
    assert held is not None
    assert held.standing is Standing.VALID
    assert store.peek(KEY) is not WAIT


def is_gone(store: OwingStore) -> bool:
    held = store.get(KEY)
    return held is None or held.standing is Standing.INVALID


def test_no_request_delivers(tmp_path):
    below = Silent(tmp_path / "store.sqlite3")
    store = OwingStore(TieredStore(below, 2**20))
    stored(store)
    with pytest.raises(StoreError):
        store.invalidate(["tag"])
    for ask in (store.pulse, store.sequence, lambda: store.get(KEY), lambda: store.invalidate("x")):
        with pytest.raises(StoreError, match="wait for the store"):
            ask()
    assert store.peek(KEY) is WAIT
    wait_for(lambda: len(below.asked_by) > 2)
    below.silent = False
    wait_for(lambda: answers(store))
    assert is_gone(store)
    here = threading.current_thread().name
    assert [name for name in below.asked_by if name == here] == [here]
    store.close()


def die_with_debts(directory) -> None:
    child = os.fork()
    if child == 0:
        Ledger(directory).owe(["tag"])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize("ask", ["pulse", "peek", "get"])
def test_a_hot_hit_hears_of_what_the_dead_owed(tmp_path, ask):
    clock = Clock()
    below = SqliteStore(tmp_path / "store.sqlite3", CODEC, budget=2**24)
    ledger = Ledger(tmp_path / "ledger")
    store = OwingStore(TieredStore(below, 2**20), ledger, clock=clock)
    stored(store)
    before = store.pulse()
    die_with_debts(tmp_path / "ledger")
    clock.now += LOOK
    if ask == "peek":
        assert store.peek(KEY) is WAIT
    elif ask == "pulse":
        with pytest.raises(StoreError):
            store.pulse()
    else:
        with pytest.raises(StoreError):
            store.get(KEY)
    wait_for(lambda: answers(store))
    assert store.pulse() != before
    assert is_gone(store)
    store.close()


def test_who_works_out_the_debts_may_ask_stores_that_wait_for_them(tmp_path):
    """Two sites of a process, each of which has something to inherit."""
    clock = Clock()
    stores: list[OwingStore] = []

    def tags_of(_):
        return [str(store.sequence().number) for store in stores] and ["tag"]

    for name in ("one", "two"):
        below = SqliteStore(tmp_path / f"{name}.sqlite3", CODEC, budget=2**24)
        ledger = Ledger(tmp_path / name)
        stores.append(OwingStore(TieredStore(below, 2**20), ledger, tags_of, clock))
    for store in stores:
        stored(store)
    child = os.fork()
    if child == 0:
        for name in ("one", "two"):
            Ledger(tmp_path / name).mean(["table"])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    clock.now += LOOK
    for store in stores:
        wait_for(lambda: answers(store))  # noqa: B023
        assert is_gone(store)
        store.close()


def test_another_ledger_of_this_process_is_not_a_dead_ones(tmp_path):
    one, other = Ledger(tmp_path), Ledger(tmp_path)
    number = one.mean(["table"])
    paid: list[object] = []
    assert not other.is_left()
    other.settle(paid.append)
    assert paid == []
    one.done(number)
    one.close()
    assert list(tmp_path.iterdir()) == []


def test_a_child_delivers_what_its_parent_owed(tmp_path):
    below = Silent(tmp_path / "store.sqlite3")
    store = OwingStore(below)
    with pytest.raises(StoreError):
        store.invalidate(["tag"])
    child = os.fork()
    if child == 0:
        try:
            below.silent = False
            wait_for(lambda: answers(store))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    below.silent = False
    wait_for(lambda: answers(store))
    store.close()
