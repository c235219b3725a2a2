"""The memory of a process: its budget, what it evicts, and in which order."""

from __future__ import annotations

import gc
import random
import tracemalloc

import hypothesis.strategies as st
import pytest
from hypothesis import given

from freshpage.entry import Entry, Node
from freshpage.key import digest
from freshpage.sequence import Sequence, Standing
from freshpage.stores.alike import BODY_BYTES
from freshpage.stores.sieve import GHOSTS, SLOT_BYTES, Ghosts, Seen, Sieve
from freshpage.tags import tag_digest
from tests.stores.examples import NOW, make_axes, make_entry


def seen(node: Node) -> Seen:
    return Seen(node, Standing.VALID, None, NOW)


def page(size: int = 1000, name: bytes = b"x") -> Entry:
    return make_entry(Sequence(1, 1), body=name * size)


ROOM = page().size + len(b"0") + SLOT_BYTES


def visit(sieve: Sieve, key: bytes) -> bool:
    """What a hit does."""
    slot = sieve.find(key)
    if slot is not None:
        slot.visited = True
    return slot is not None


def keys(sieve: Sieve, tried: str) -> str:
    return "".join(key for key in tried if sieve.find(key.encode()) is not None)


def fill(sieve: Sieve, names: str) -> None:
    for name in names:
        assert sieve.put(name.encode(), seen(page(name=name.encode())))


def test_what_was_never_visited_goes_first_the_oldest_before_others() -> None:
    sieve = Sieve(4 * ROOM)
    fill(sieve, "abcd")
    visit(sieve, b"a")
    fill(sieve, "e")
    assert keys(sieve, "abcde") == "acde"
    fill(sieve, "f")
    assert keys(sieve, "acdef") == "adef"


def test_the_hand_goes_on_from_where_it_was() -> None:
    """As in the paper: survivors keep their place, the hand does not return to them."""
    sieve = Sieve(4 * ROOM)
    fill(sieve, "abcd")
    visit(sieve, b"a")
    visit(sieve, b"b")
    fill(sieve, "e")  # spares a and b, takes c
    assert keys(sieve, "abcde") == "abde"
    fill(sieve, "f")  # goes on at d, though a and b are no longer marked
    assert keys(sieve, "abdef") == "abef"


def test_when_all_were_visited_the_oldest_goes() -> None:
    sieve = Sieve(3 * ROOM)
    fill(sieve, "abc")
    assert all(visit(sieve, key) for key in (b"a", b"b", b"c"))
    fill(sieve, "d")
    assert keys(sieve, "abcd") == "bcd"


def test_a_crawler_does_not_drive_out_what_is_asked_for() -> None:
    sieve = Sieve(20 * ROOM)
    fill(sieve, "abcdefgh")
    for number in range(500):
        assert all(visit(sieve, key.encode()) for key in "abcdefgh")
        sieve.put(b"%d" % number, seen(page()))


def test_what_is_larger_than_the_budget_is_refused_and_forgotten() -> None:
    sieve = Sieve(3 * ROOM)
    fill(sieve, "ab")
    assert not sieve.put(b"a", seen(page(1000 + 3 * ROOM)))
    assert keys(sieve, "ab") == "b"


def test_a_larger_one_in_its_place_makes_others_go() -> None:
    sieve = Sieve(4 * ROOM)
    fill(sieve, "abcd")
    assert sieve.put(b"a", seen(page(1000 + 2 * ROOM)))
    assert sieve.find(b"a") is not None
    assert len(sieve) == 2
    assert sieve.bytes <= 4 * ROOM


@given(
    st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 4000), st.booleans())),
    st.sampled_from([b"", b"x"]),
)
def test_the_books_are_right(steps: list[tuple[str, int, bool]], alike: bytes) -> None:
    sieve = Sieve(6 * ROOM)
    for name, size, deleted in steps:
        key = name.encode()
        if deleted:
            assert sieve.delete(key) is (sieve.find(key) is not None) or sieve.find(key) is None
        else:
            sieve.put(key, seen(page(size, alike or key)))
            assert sieve.find(key) is not None
        if size % 2:
            visit(sieve, key)
        held = [slot for name in "abcdefghij" if (slot := sieve.find(name.encode())) is not None]
        bodies = {slot.node.body for slot in held if slot.node.body}
        taken = sum(slot.size for slot in held) + sum(len(body) + BODY_BYTES for body in bodies)
        assert sieve.bytes == taken <= 6 * ROOM
        assert len(sieve) == len(held)
    sieve.clear()
    assert (len(sieve), sieve.bytes) == (0, 0)
    fill(sieve, "abcdef")
    assert len(sieve) == 6


def test_what_is_alike_is_kept_once() -> None:
    sieve = Sieve(100 * ROOM)
    for key in (b"a", b"b", b"c"):
        assert sieve.put(key, seen(make_entry(Sequence(1, 1), body=b"not " * 500)))
    one, other = sieve.find(b"a"), sieve.find(b"b")
    assert one is not None
    assert other is not None
    assert one.node.body is other.node.body
    assert one.node.headers is other.node.headers
    assert sieve.bytes < 2 * 2000 + 3 * (ROOM - 1000)
    sieve.delete(b"a")
    sieve.put(b"b", seen(page()))
    assert sieve.find(b"c").node.body == b"not " * 500
    sieve.delete(b"c")
    left = sieve.find(b"b")
    assert left is not None
    assert sieve.bytes == left.size + 1000 + BODY_BYTES


@pytest.mark.parametrize("tags", [0, 20, 100])
def test_what_is_counted_is_what_is_taken(tags: int) -> None:
    """Within a tenth, with bodies so small that what lies beside them is most of it."""
    count = 1000
    fields = [("Content-Type", "text/html; charset=utf-8"), ("Content-Language", "en")]
    sieve = Sieve(2**40)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            entry = make_entry(
                Sequence(2**50, 2**40 + number),
                body=number.to_bytes(256),
                headers=tuple((name[:], value[:]) for name, value in fields),
                etag=f'"{number:024x}"',
                response_time=NOW + number,
                expires=NOW + number + 600.5,
                tags=[f"row:{number}:{at}" for at in range(tags)],
            )
            held = Seen(entry, Standing.VALID, 2**40 + number, NOW + number)
            sieve.put(digest(str(number).encode()), held)
        del entry, held
        tag_digest.cache_clear()
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.9 < sieve.bytes / taken < 1.1
    assert taken / count - 256 - 8 * tags < 1024


def test_expired_are_swept() -> None:
    sieve = Sieve(10 * ROOM)
    sieve.put(b"old", seen(make_axes(expires=NOW - 1)))
    sieve.put(b"new", seen(make_axes(expires=NOW)))
    assert sieve.sweep(NOW) == 1
    assert sieve.find(b"old") is None
    assert sieve.find(b"new") is not None


def test_admission_asks_for_a_second_time() -> None:
    sieve = Sieve(10 * ROOM, admission=True)
    assert not sieve.put(b"a", seen(page()))
    assert sieve.put(b"a", seen(page()))
    assert sieve.put(b"a", seen(page()))  # replaced
    assert sieve.put(b"axes", seen(make_axes()))


def test_ghosts_are_forgotten_in_the_end() -> None:
    ghosts = Ghosts(capacity=10)
    assert not ghosts.seen_before(b"a")
    for number in range(10):
        ghosts.seen_before(b"%d" % number)
    assert ghosts.seen_before(b"a")
    for number in range(30):
        ghosts.seen_before(b"other %d" % number)
    assert not ghosts.seen_before(b"a")
    assert Ghosts()._capacity == GHOSTS


def test_better_than_first_in_first_out_where_some_are_popular() -> None:
    """Pages are asked for as Zipf has it, with a crawler's once-only pages in between."""
    dice = random.Random(7)
    names = [b"%d" % number for number in range(400)]
    weights = [1 / (rank + 1) for rank in range(400)]
    asked = dice.choices(names, weights, k=6000)
    for at in range(0, 6000, 3):
        asked[at] = b"once %d" % at

    def hits(marks: bool) -> int:
        sieve, found = Sieve(40 * ROOM), 0
        for key in asked:
            if visit(sieve, key) if marks else sieve.find(key) is not None:
                found += 1
            else:
                sieve.put(key, seen(page()))
        return found

    assert hits(marks=True) > 1.15 * hits(marks=False)
