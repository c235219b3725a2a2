"""A store that does not answer is left alone, and tried now and then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.stores.base import WAIT, StoreError
from freshpage.stores.breaker import FAILURES, PAUSES, Breaker, GuardedStore


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """A store below that may be down, and counts who asks."""

    blocking = True
    instant_pulse = False
    down = False
    asked = 0

    def __getattr__(self, name):
        def answer(*args, **options):
            self.asked += 1
            if self.down:
                raise StoreError("down")
            return name

        return answer


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def store(server, clock):
    return GuardedStore(server, Breaker(clock))


def fails(store, name="get", *args) -> bool:
    try:
        getattr(store, name)(*args or (b"key",))
    except StoreError:
        return True
    return False


def test_after_some_failures_nobody_waits_for_it(store, server, clock):
    server.down = True
    for _ in range(FAILURES + 5):
        assert fails(store)
    assert server.asked == FAILURES
    assert store.peek(b"key") is WAIT


def test_it_is_tried_again_and_used_once_it_is_back(store, server, clock):
    server.down = True
    for _ in range(FAILURES):
        fails(store)
    clock.now += PAUSES[0]
    fails(store), fails(store)
    assert server.asked == FAILURES + 1
    server.down = False
    clock.now += PAUSES[1]
    assert [fails(store) for _ in range(3)] == [False] * 3


def test_one_answer_in_between_counts(store, server):
    for down in (True, True, False) * 5:
        server.down = down
        fails(store)
    assert server.asked == 15


def test_an_invalidation_is_always_tried(store, server):
    server.down = True
    for _ in range(FAILURES + 3):
        fails(store, "invalidate", {"tag"})
    assert server.asked == FAILURES + 3
    server.down = False
    assert not fails(store, "invalidate", {"tag"})
    assert not fails(store)


@given(st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=60))
def test_a_server_that_is_back_is_used_within_seconds(story):
    """However it came and went."""
    clock, server = Clock(), Server()
    store = GuardedStore(server, Breaker(clock))
    for wait, down in story:
        clock.now += wait
        server.down = down
        fails(store)
    server.down = False
    clock.now += PAUSES[1]
    assert not fails(store)


@given(st.integers(1, 200))
def test_a_dead_server_is_asked_seldom(requests):
    """Evenly over ten seconds."""
    clock, server = Clock(), Server()
    store = GuardedStore(server, Breaker(clock))
    server.down = True
    for _ in range(requests):
        clock.now += 10 / requests
        fails(store)
    assert server.asked <= FAILURES + 9
