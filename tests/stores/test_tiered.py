"""Memory over a shared store: what it trusts, and when it asks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from freshpage.entry import Entry, Node
from freshpage.sequence import Standing
from freshpage.stores import WAIT, Held, StoreError
from freshpage.stores.sqlite import SqliteStore
from freshpage.stores.tiered import AXES_BYTES, AXES_LIFE, TieredStore
from tests.stores.examples import CODEC, LIFE, NOW, make_axes, make_entry

KEY = b"key"


class Watched(SqliteStore):
    """A real store that counts what it is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, CODEC, budget=2**24)
        self.asked: list[str] = []
        self.down = False

    def pulse(self) -> int:
        if self.down:
            raise StoreError("down")
        return super().pulse()

    def get(self, key: bytes) -> Held | None:
        self.asked.append("get")
        return super().get(key)

    def standing(self, entry: Entry) -> Standing:
        self.asked.append("standing")
        return super().standing(entry)


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lower(tmp_path: Path) -> Iterator[Watched]:
    store = Watched(tmp_path / "pages.sqlite3")
    yield store
    store.close()


@pytest.fixture
def store(lower: Watched, clock: Clock) -> TieredStore:
    return TieredStore(lower, 2**20, clock=clock)


def asked(store: TieredStore) -> list[str]:
    """What was asked of the lower store since last looked."""
    lower = store.lower
    assert isinstance(lower, Watched)
    found, lower.asked = lower.asked, []
    return found


def keep(store: TieredStore | Watched, node: Node | None = None) -> Node:
    node = node or make_entry(store.sequence(), ("a",))
    assert store.put(KEY, node)
    return node


def test_a_hit_asks_nothing_and_hands_out_one_object(store: TieredStore) -> None:
    entry = keep(store)
    first = store.get(KEY)
    assert first == Held(entry, Standing.VALID)
    assert asked(store) == ["standing"]  # the first time only: put does not say
    for _ in range(3):
        held = store.get(KEY)
        assert held is not None
        assert held.node is first.node
    assert asked(store) == []


def test_what_is_found_below_is_remembered(store: TieredStore, lower: Watched) -> None:
    entry = keep(lower)
    assert store.get(KEY) == store.get(KEY) == Held(entry, Standing.VALID)
    assert asked(store) == ["get"]


def test_another_tags_invalidation_costs_one_question(store: TieredStore, lower: Watched) -> None:
    keep(store)
    store.get(KEY)
    asked(store)
    lower.invalidate(["b"])
    held = [store.get(KEY) for _ in range(3)]
    assert held[0] is not None
    assert held[0].standing is Standing.VALID
    assert asked(store) == ["standing"]


def test_what_another_process_rendered_anew_is_found(store: TieredStore, lower: Watched) -> None:
    keep(store)
    store.get(KEY)
    asked(store)
    lower.invalidate(["a"])
    new = keep(lower, make_entry(lower.sequence(), ("a",), b"new"))
    assert store.get(KEY) == Held(new, Standing.VALID)
    assert asked(store) == ["standing", "get"]


@pytest.mark.parametrize("soft", [False, True])
def test_what_is_not_valid_is_not_remembered(
    store: TieredStore, lower: Watched, soft: bool
) -> None:
    entry = keep(store)
    store.get(KEY)
    lower.invalidate(["a"], soft=soft)
    expected = Held(entry, Standing.SOFT if soft else Standing.INVALID)
    assert store.get(KEY) == expected
    asked(store)
    assert store.get(KEY) == expected
    assert asked(store) == ["get"]


def test_what_is_no_longer_fresh_is_asked_for_below(
    store: TieredStore, lower: Watched, clock: Clock
) -> None:
    old = keep(store)
    clock.now += LIFE - 1
    assert store.get(KEY) == Held(old, Standing.VALID)
    clock.now += 1
    assert store.get(KEY) == Held(old, Standing.VALID)
    assert asked(store) == ["standing", "get"]
    new = keep(lower, make_entry(lower.sequence(), ("a",), b"new", response_time=clock.now))
    assert store.get(KEY) == Held(new, Standing.VALID)


def test_new_questions_of_another_process_are_heard_of(
    store: TieredStore, lower: Watched, clock: Clock
) -> None:
    keep(store, make_axes("cookie:a"))
    keep(lower, make_axes("cookie:b"))
    assert store.get(KEY) == Held(make_axes("cookie:a"), Standing.VALID)
    clock.now += AXES_LIFE
    assert store.get(KEY) == Held(make_axes("cookie:b"), Standing.VALID)


def test_what_the_lower_store_refuses_is_not_kept_in_memory(store: TieredStore) -> None:
    start = store.sequence()
    keep(store)
    store.invalidate(["a"])
    assert not store.put(KEY, make_entry(start, ("a",)))
    held = store.get(KEY)
    assert held is None or held.standing is Standing.INVALID


def test_memory_is_not_trusted_while_the_lower_store_is_down(
    store: TieredStore, lower: Watched
) -> None:
    entry = keep(store)
    store.get(KEY)
    lower.down = True
    with pytest.raises(StoreError):
        store.get(KEY)
    with pytest.raises(StoreError):
        store.peek(KEY)
    lower.down = False
    assert store.get(KEY) == Held(entry, Standing.VALID)


def test_an_invalidation_during_the_question(store: TieredStore, lower: Watched) -> None:
    """The answer was right when it was given; it is not remembered as right afterwards."""
    entry = keep(lower)
    ask = lower.get

    def slowly(key: bytes) -> Held | None:
        held = ask(key)
        lower.invalidate(["a"])
        return held

    lower.get = slowly  # type: ignore[method-assign]
    assert store.get(KEY) == Held(entry, Standing.VALID)
    lower.get = ask  # type: ignore[method-assign]
    assert store.get(KEY) == Held(entry, Standing.INVALID)


def test_what_pages_ask_is_in_memory_where_entries_are_not(lower: Watched) -> None:
    store = TieredStore(lower, AXES_BYTES, only_axes=True, clock=lambda: NOW)
    store.put(KEY, make_axes())
    entry = keep(store, make_entry(store.sequence(), ("a",)))
    store.put(b"axes", make_axes())
    asked(store)
    assert store.get(b"axes") == store.peek(b"axes") == Held(make_axes(), Standing.VALID)
    assert asked(store) == []
    for _ in range(2):
        assert store.peek(KEY) is WAIT
        assert store.get(KEY) == Held(entry, Standing.VALID)
        assert asked(store) == ["get"]


class TestPeek:
    def test_only_what_was_judged_at_this_pulse(self, store: TieredStore, lower: Watched) -> None:
        entry = keep(store)
        assert store.peek(KEY) is WAIT
        found = store.get(KEY)
        asked(store)
        assert store.peek(KEY) == found
        assert found == Held(entry, Standing.VALID)
        lower.invalidate(["b"])
        assert store.peek(KEY) is WAIT
        assert asked(store) == []

    def test_only_what_is_fresh(self, store: TieredStore, clock: Clock) -> None:
        keep(store)
        store.get(KEY)
        clock.now += LIFE
        assert store.peek(KEY) is WAIT

    def test_axes_whatever_the_pulse(self, store: TieredStore, clock: Clock) -> None:
        keep(store, make_axes())
        store.invalidate(["a"])
        assert store.peek(KEY) == Held(make_axes(), Standing.VALID)
        clock.now += AXES_LIFE
        assert store.peek(KEY) is WAIT

    def test_what_is_not_in_memory_may_be_below(self, store: TieredStore) -> None:
        assert store.peek(KEY) is WAIT

    def test_nothing_where_the_pulse_takes_time(self, store: TieredStore) -> None:
        keep(store)
        store.get(KEY)
        store.instant_pulse = False
        assert store.peek(KEY) is WAIT


def test_admission_from_the_second_request_on(lower: Watched, clock: Clock) -> None:
    store = TieredStore(lower, 2**20, admission=True, clock=clock)
    keep(store)
    assert asked(store) == []
    store.get(KEY)
    assert asked(store) == ["get"]
    store.get(KEY)
    assert asked(store) == []


def test_memory_stays_within_its_budget(lower: Watched, clock: Clock) -> None:
    store = TieredStore(lower, 50_000, clock=clock)
    sequence = store.sequence()
    for number in range(50):
        store.put(b"%d" % number, make_entry(sequence, body=b"x" * 5000))
    assert store._sieve.bytes <= 50_000
    assert all(store.get(b"%d" % number) for number in range(50))


def test_closing_empties_the_memory(store: TieredStore) -> None:
    keep(store)
    store.close()
    asked(store)
    assert store.get(KEY) is not None
    assert asked(store) == ["get"]


def test_invalidations_go_below(store: TieredStore, lower: Watched) -> None:
    tags: Collection[str] = {"a", "b"}
    assert store.invalidate(tags) == lower.sequence().number
    assert store.pulse() == lower.pulse()
