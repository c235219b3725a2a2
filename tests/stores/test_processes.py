"""One store, several processes and threads."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from freshpage.entry import Entry
from freshpage.sequence import Standing
from freshpage.stores import Held, Store, StoreError
from freshpage.stores.pulse import Change
from tests.servers import RedisServer
from tests.stores.backings import Backing, SqliteBacking, TieredBacking
from tests.stores.examples import make_entry
from tests.stores.race import PAGES, Place, insist, race, race_in_process

KEY = b"key"
ROUNDS = 600


def in_child(work: Callable[[], bool]) -> bool:
    """Whether it came out right in a forked child, which ends there."""
    pid = os.fork()
    if not pid:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    "kind", ["sqlite", "tiered-sqlite", "redis", "tiered-redis", "tiered-heard"]
)
def test_no_process_serves_what_another_invalidated(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = str(tmp_path / "pages.sqlite3")
    if kind.endswith(("redis", "heard")):
        server: RedisServer = request.getfixturevalue("redis")
        store = server.url
    truth = tmp_path / "truth"
    truth.write_bytes(bytes(PAGES * 16))
    place = Place(kind, store, f"race {kind} {tmp_path}", truth)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PAGES, mp_context=spawn) as pool:
        runs = [pool.submit(race_in_process, place, page, ROUNDS) for page in range(PAGES)]
        hits = [run.result() for run in runs]
    assert min(hits) > ROUNDS // 10


def test_no_thread_is_served_what_another_invalidated(backing: Backing) -> None:
    store = backing.open()
    words = memoryview(bytearray(PAGES * 16)).cast("Q")
    with ThreadPoolExecutor(PAGES) as pool:
        runs = [pool.submit(race, store, words, page, 300) for page in range(PAGES)]
        assert min(run.result() for run in runs) > 0


def test_a_forked_child_uses_the_store(backing: Backing) -> None:
    store = backing.open()
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    store.put(b"other", make_entry(store.sequence(), ("b",)))
    found = Held(entry, Standing.VALID)
    assert store.get(KEY) == found

    def child() -> bool:
        mine = store.get(KEY)
        store.invalidate(["a"])
        held = store.get(KEY)
        gone = held is None or held.standing is Standing.INVALID
        again = make_entry(store.sequence(), ("c",))
        stored = store.put(b"from the child", again)
        return mine in (found, None) and gone and stored

    assert in_child(child)
    if not backing.shared or type(backing).__name__ == "DjangoBacking":
        return  # memory and LocMemCache: the child had its own
    held = store.get(KEY)
    assert held is None or held.standing is Standing.INVALID
    stored = store.get(b"from the child")
    assert stored is not None
    assert stored.standing is Standing.VALID
    assert in_child(lambda: store.get(b"from the child") == stored)


@pytest.mark.parametrize(
    "backing", ["memory", "sqlite", "redis", "tiered-sqlite", "tiered-redis"], indirect=True
)
def test_a_child_forked_while_a_thread_is_at_work(backing: Backing) -> None:
    """A lock another thread holds then is never waited for (but in Django's own caches)."""
    store = backing.open()
    entry = make_entry(store.sequence(), ("a",))
    stop = threading.Event()

    def busy(store: Store, key: bytes) -> None:
        while not stop.is_set():
            with suppress(StoreError):  # SQLite's lock is not had within the time
                store.put(key, entry)
                store.get(key)

    threads = [threading.Thread(target=busy, args=(store, b"%d" % n)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):

            def child() -> bool:
                mine = make_entry(store.sequence(), ("a",))
                insist(lambda: store.put(KEY, mine))
                return store.get(KEY) == Held(mine, Standing.VALID)

            assert in_child(child)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("backing", ["sqlite"], indirect=True)
def test_a_child_has_locks_of_its_own(backing: Backing) -> None:
    """SQLite removes its log when the last of its users leaves: the child is one of them."""
    store = backing.open()
    store.put(KEY, make_entry(store.sequence(), ("a",)))
    (child_waits, parent_says), (parent_waits, child_says) = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        try:
            store.get(KEY)
            os.write(child_says, b"connected")
            os.read(child_waits, 1)
            kept = store.put(b"from the child", make_entry(store.sequence(), ("a",)))
            os._exit(0 if kept else 1)
        finally:
            os._exit(2)
    os.read(parent_waits, 9)
    store.close()
    os.write(parent_says, b"!")
    assert os.waitpid(pid, 0)[1] == 0
    for end in (child_waits, parent_says, parent_waits, child_says):
        os.close(end)
    held = store.get(b"from the child")
    assert held is not None
    assert held.standing is Standing.VALID


@pytest.mark.parametrize("backing", ["sqlite"], indirect=True)
def test_a_child_of_a_fork_nobody_told_of(
    backing: Backing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a server written in C: the child does without, and says why."""
    store, unopened = backing.open(), backing.open()
    store.put(KEY, make_entry(store.sequence(), ("a",)))

    def child() -> bool:
        with pytest.raises(StoreError, match="open when this process was forked"):
            store.get(KEY)
        return unopened.sequence() == store.sequence()

    monkeypatch.setattr("freshpage.stores.forking._registered", ())
    assert in_child(child)
    assert store.get(KEY) is not None


@pytest.mark.parametrize("moment", ["_record", "finish"])
@pytest.mark.parametrize("backing", ["sqlite", "tiered-sqlite"], indirect=True)
def test_a_process_that_dies_in_an_invalidation_leaves_nothing_stale(
    backing: Backing, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after its commit: what was committed is seen, though never announced."""
    store = backing.open()
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    assert store.get(KEY) == Held(entry, Standing.VALID)

    def child() -> bool:
        sqlite = getattr(store, "lower", store)
        sqlite.get(KEY)  # connected, before it is to die
        owner = sqlite if moment == "_record" else Change
        monkeypatch.setattr(owner, moment, lambda *_, **__: os._exit(9))
        store.invalidate(["a"])
        return True

    assert not in_child(child)
    assert store.pulse() != store.pulse()  # trusted by nobody
    held = store.get(KEY)
    assert held is not None
    assert held.standing is (Standing.VALID if moment == "_record" else Standing.INVALID)
    assert store.pulse() == store.pulse()  # mended by the first that connects anew
    if moment == "finish":
        assert not store.put(KEY, entry)


def test_restarting_mends_what_a_dead_process_left(tmp_path: Path) -> None:
    backing = TieredBacking(SqliteBacking(tmp_path))
    store = backing.open()
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)

    def child() -> bool:
        store.lower.get(KEY)  # type: ignore[attr-defined]
        pytest.MonkeyPatch().setattr(Change, "finish", lambda *_: os._exit(9))
        store.invalidate(["b"])
        return True

    assert not in_child(child)
    assert store.pulse() != store.pulse()
    again = backing.open()
    assert again.get(KEY) == Held(entry, Standing.VALID)
    assert isinstance(entry, Entry)
    assert again.pulse() == again.pulse() == store.pulse()
    backing.close()
