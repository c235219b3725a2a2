"""S0 of a render that may read what a replica had a while ago."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from freshpage.replicas import NEVER, Past
from freshpage.sequence import Sequence

LAG = 8.0


def test_before_anything_was_seen_long_enough_ago_nothing_is_known():
    past = Past(LAG)
    assert past.before(Sequence(1, 5), now=100) == NEVER
    assert past.before(Sequence(1, 5), now=107) == NEVER
    assert past.before(Sequence(1, 5), now=108) == Sequence(1, 5)


def test_an_idle_process_goes_by_what_it_saw_last():
    past = Past(LAG)
    past.before(Sequence(1, 5), now=100)
    assert past.before(Sequence(1, 9), now=5000) == Sequence(1, 5)
    assert past.before(Sequence(1, 9), now=5007) == Sequence(1, 5)
    assert past.before(Sequence(1, 9), now=5008) == Sequence(1, 9)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 3)), min_size=1, max_size=60))
def test_never_newer_than_the_lag_allows_and_not_much_older(steps):
    past, now, number = Past(LAG), 1000.0, 1
    seen: list[tuple[float, int]] = []
    for pause, invalidations in steps:
        now, number = now + pause, number + invalidations
        seen.append((now, number))
        found = past.before(Sequence(1, number), now)
        then = [seen_number for moment, seen_number in seen if moment <= now - LAG]
        assert found.number <= (then[-1] if then else 0)
        early = [seen_number for moment, seen_number in seen if moment <= now - LAG * 1.1]
        assert found.number >= (early[-1] if early else 0)


def test_it_keeps_a_few_samples_only():
    past = Past(LAG)
    for step in range(10_000):
        past.before(Sequence(1, step), now=step / 1000)
    assert len(past._seen) <= 20
