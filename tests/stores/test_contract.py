"""What every store does (freshpage.stores.base.Store)."""

from __future__ import annotations

import pytest

from freshpage.cacheability import EVERYTHING, location_tags, prefix_tag, url_tag
from freshpage.entry import Codec, Entry
from freshpage.sequence import Sequence, Standing
from freshpage.stores import WAIT, Held, Store
from tests.stores.backings import Backing
from tests.stores.conftest import RAW
from tests.stores.examples import CODEC, LIFE, NOW, make_axes, make_entry

KEY, OTHER = b"P3:key", b"P3:other"
VALID, SOFT, INVALID = Standing


def standing(store: Store, key: bytes = KEY) -> Standing:
    """INVALID too where nothing is held: a store may drop what is."""
    held = store.get(key)
    return INVALID if held is None else held.standing


# -- nodes ---------------------------------------------------------------------------


def test_nothing_is_held_at_first(store: Store) -> None:
    assert store.get(KEY) is None


def test_an_entry_comes_back_as_it_was(store: Store) -> None:
    body = bytes(range(256)) * 300
    entry = make_entry(store.sequence(), ("a", "b"), body)
    assert store.put(KEY, entry)
    assert store.get(KEY) == Held(entry, VALID)
    assert store.get(KEY) == Held(entry, VALID)


def test_axes_come_back_as_they_were(store: Store) -> None:
    assert store.put(KEY, make_axes("header:accept", "cookie:ä"))
    assert store.get(KEY) == Held(make_axes("header:accept", "cookie:ä"), VALID)


def test_axes_stay_valid_whatever_is_invalidated(store: Store) -> None:
    store.put(KEY, make_axes())
    store.invalidate(["a", "@all"])
    assert standing(store) is VALID


def test_what_is_put_takes_the_place_of_what_was(store: Store) -> None:
    store.put(KEY, make_entry(store.sequence(), ("a",), b"one"))
    store.put(KEY, make_axes())
    two = make_entry(store.sequence(), ("b",), b"two")
    store.put(KEY, two)
    assert store.get(KEY) == Held(two, VALID)


def test_delete_forgets_one_key(store: Store) -> None:
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    store.put(OTHER, entry)
    store.delete(KEY)
    store.delete(b"never put")
    assert store.get(KEY) is None
    assert store.get(OTHER) == Held(entry, VALID)


def test_what_has_expired_is_swept(store: Store) -> None:
    sequence = store.sequence()
    for number in range(250):
        gone = make_entry(sequence, expires=NOW - 1 - number, response_time=NOW - LIFE)
        store.put(b"gone %d" % number, gone)
    store.put(b"gone", make_axes(expires=NOW - 1))
    store.put(KEY, make_entry(sequence, expires=NOW + LIFE))
    store.sweep(NOW)
    assert all(store.get(b"gone %d" % number) is None for number in range(250))
    assert store.get(b"gone") is None
    assert standing(store) is VALID


def test_peek_answers_as_get_does_or_asks_to_wait(store: Store) -> None:
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    found = store.get(KEY)
    assert store.peek(KEY) in (found, WAIT)
    assert store.peek(OTHER) in (None, WAIT)
    store.invalidate(["a"])
    peeked = store.peek(KEY)
    assert peeked is WAIT or peeked is None or peeked.standing is INVALID


def test_a_closed_store_can_be_used_again(store: Store) -> None:
    store.put(KEY, make_entry(store.sequence(), ("a",)))
    store.close()
    assert standing(store) is VALID
    store.invalidate(["a"])
    store.close()
    assert standing(store) is INVALID


def test_stores_over_one_backing_share(backing: Backing) -> None:
    if not backing.shared:
        pytest.skip("each has its own")
    one, two = backing.open(), backing.open()
    entry = make_entry(one.sequence(), ("a",))
    one.put(KEY, entry)
    assert two.get(KEY) == Held(entry, VALID)
    two.invalidate(["a"])
    assert standing(one) is INVALID


def test_what_was_stored_survives_a_restart(backing: Backing) -> None:
    if not backing.shared:
        pytest.skip("it is lost with the process")
    before = backing.open()
    valid, invalid = (make_entry(before.sequence(), (tag,)) for tag in "ab")
    before.put(KEY, valid)
    before.put(OTHER, invalid)
    before.invalidate(["b"])
    before.close()
    after = backing.open()
    assert after.get(KEY) == Held(valid, VALID)
    assert standing(after, OTHER) is INVALID
    assert after.sequence() >= before.sequence()


# -- sequences -----------------------------------------------------------------------


def test_an_invalidated_tag_takes_its_entries_and_no_other(store: Store) -> None:
    sequence = store.sequence()
    store.put(KEY, make_entry(sequence, ("a", "b", "c")))
    store.put(OTHER, make_entry(sequence, ("a", "c")))
    store.invalidate(["b", "nobody's"])
    assert standing(store) is INVALID
    assert standing(store, OTHER) is VALID


def test_the_sequence_grows_with_each_invalidation(store: Store) -> None:
    first = store.sequence()
    numbers = [store.invalidate(["a"]), store.invalidate(["b"], soft=True)]
    last = store.sequence()
    assert first.epoch == last.epoch
    assert first.number < numbers[0] < numbers[1] <= last.number


def test_a_render_that_began_before_is_refused(store: Store) -> None:
    began = store.sequence()
    store.invalidate(["a"])
    assert not store.put(KEY, make_entry(began, ("a",)))
    assert store.get(KEY) is None


def test_a_render_that_began_before_another_tags_invalidation_is_kept(store: Store) -> None:
    store.put(OTHER, make_entry(store.sequence(), ("a", "b")))  # the tags are known
    began = store.sequence()
    store.invalidate(["b"])
    entry = make_entry(began, ("a",))
    assert store.put(KEY, entry)
    assert store.get(KEY) == Held(entry, VALID)


def test_a_render_that_begins_afterwards_is_valid(store: Store) -> None:
    store.put(KEY, make_entry(store.sequence(), ("a",)))
    store.invalidate(["a"])
    entry = make_entry(store.sequence(), ("a",), b"new")
    assert store.put(KEY, entry)
    assert store.get(KEY) == Held(entry, VALID)


def test_softly_invalidated_is_stale_and_hard_beats_soft(store: Store) -> None:
    entry = make_entry(store.sequence(), ("a", "b"))
    store.put(KEY, entry)
    store.invalidate(["a"], soft=True)
    assert store.get(KEY) == Held(entry, SOFT)
    store.invalidate(["b"])
    assert standing(store) is INVALID
    store.invalidate(["a", "b"], soft=True)
    assert standing(store) is INVALID


def test_soft_after_hard_does_not_resurrect(store: Store) -> None:
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    store.invalidate(["a"])
    store.invalidate(["a"], soft=True)
    assert standing(store) is INVALID
    assert store.standing(entry) is INVALID


def test_after_hard_and_soft_a_render_between_them_is_stale(store: Store) -> None:
    store.invalidate(["a"])
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    store.invalidate(["a"], soft=True)
    assert store.get(KEY) == Held(entry, SOFT)


def test_the_standing_of_what_is_stored_can_be_asked(store: Store) -> None:
    entry = make_entry(store.sequence(), ("a", "b"))
    store.put(KEY, entry)
    assert store.standing(entry) is VALID
    store.invalidate(["b"], soft=True)
    assert store.standing(entry) is SOFT
    store.invalidate(["b"])
    assert store.standing(entry) is INVALID


def test_an_entry_of_another_epoch_is_invalid(store: Store) -> None:
    epoch, number = store.sequence()
    for sequence in (Sequence(epoch + 1, number), Sequence(epoch - 1, number + 9)):
        entry = make_entry(sequence, ("a",))
        assert store.standing(entry) is INVALID
        assert not store.put(KEY, entry)


def test_the_pulse_tells_of_every_invalidation(backing: Backing) -> None:
    one = backing.open()
    two = backing.open() if backing.shared else one
    seen = {two.pulse()}
    for soft in (False, True, False):
        one.invalidate(["a"], soft=soft)
        pulse = two.pulse()
        assert pulse not in seen
        assert pulse == two.pulse() or not backing.quiet
        seen.add(pulse)


def test_storing_does_not_change_the_pulse(store: Store) -> None:
    sequence = store.sequence()
    pulse = store.pulse()
    store.put(KEY, make_entry(sequence, ("a",)))
    store.get(KEY)
    store.delete(KEY)
    store.sweep(NOW)
    assert store.pulse() == pulse


def test_lost_counters_make_everything_invalid(backing: Backing) -> None:
    store = backing.open()
    before = store.sequence()
    old = make_entry(before, ("a",))
    store.put(KEY, old)
    store.invalidate(["b"])
    backing.lose_counters()
    assert standing(store) is INVALID
    assert store.standing(old) is INVALID
    after = store.sequence()
    assert after.epoch != before.epoch
    assert standing(store) is INVALID
    assert not store.put(KEY, old)
    new = make_entry(after, ("a",))
    assert store.put(KEY, new)
    assert store.get(KEY) == Held(new, VALID)


def test_what_the_floor_forgot_is_never_taken_for_zero(backing: Backing) -> None:
    store = backing.open(tag_records=4)
    old = [make_entry(store.sequence(), (f"tag {n}",)) for n in range(40)]
    for number, entry in enumerate(old):
        store.put(b"%d" % number, entry)
    for number in range(30):
        store.invalidate([f"tag {number}"], soft=number % 2 == 1)
    for number, entry in enumerate(old[:30]):
        allowed = (SOFT, INVALID) if number % 2 else (INVALID,)
        assert store.standing(entry) in allowed
        assert standing(store, b"%d" % number) in allowed
    new = make_entry(store.sequence(), [f"tag {n}" for n in range(30)])
    assert store.put(KEY, new)
    assert store.get(KEY) == Held(new, VALID)


def test_more_tags_at_once_than_are_remembered(backing: Backing) -> None:
    store = backing.open(tag_records=4)
    entry = make_entry(store.sequence(), ("tag 3",))
    store.put(KEY, entry)
    store.invalidate([f"tag {n}" for n in range(500)])
    store.invalidate(["more"])
    assert store.standing(entry) is INVALID
    new = make_entry(store.sequence(), ("tag 3",))
    assert store.put(KEY, new)
    assert store.get(KEY) == Held(new, VALID)


def test_tags_may_be_many_and_of_any_text(store: Store) -> None:
    tags = [f"app.Model:{n}" for n in range(5000)] + ["ä 🦊", "a\0b", "x" * 200, "a b\r\n"]
    entry = make_entry(store.sequence(), tags)
    assert store.put(KEY, entry)
    assert store.get(KEY) == Held(entry, VALID)
    store.invalidate(["app.Model:4999"], soft=True)
    assert standing(store) is SOFT
    for tag in tags[-4:]:
        entry = make_entry(store.sequence(), (tag,))
        store.put(KEY, entry)
        assert standing(store) is VALID
        store.invalidate([tag])
        assert standing(store) is INVALID


def test_no_tags_invalidate_nothing(store: Store) -> None:
    store.put(KEY, make_entry(store.sequence(), ()))
    store.invalidate([])
    store.invalidate(["a"])
    assert standing(store) is VALID


def test_sites_that_share_a_store_do_not_touch_each_other(backing: Backing) -> None:
    if not backing.shared:
        pytest.skip("each has its own")
    one, two = backing.open(key_prefix=""), backing.open(key_prefix="two")
    for store, key in ((one, KEY), (two, OTHER)):
        store.put(key, make_entry(store.sequence(), ("@all", "a")))
    one.invalidate(["@all", "a"])
    assert standing(one, KEY) is INVALID
    assert standing(two, OTHER) is VALID


@pytest.mark.parametrize(
    ("purged", "gone"),
    [
        (url_tag("/blog/2/"), {"/blog/2/"}),
        (url_tag("/blog/2/", "other.example"), set()),
        (prefix_tag("/blog/", "example.com"), {"/blog/1/", "/blog/2/"}),
        (EVERYTHING, {"/", "/blog/1/", "/blog/2/"}),
    ],
)
def test_purging_by_url_by_prefix_and_of_everything(
    store: Store, purged: str, gone: set[str]
) -> None:
    paths = {"/", "/blog/1/", "/blog/2/"}
    sequence = store.sequence()
    for path in paths:
        store.put(path.encode(), make_entry(sequence, location_tags("example.com", path)))
    store.invalidate([purged])
    assert {path for path in paths if standing(store, path.encode()) is INVALID} == gone


# -- what was tampered with ------------------------------------------------------------


@pytest.mark.parametrize("backing", RAW, indirect=True)
class TestStoredBytes:
    """Contract 7: a bad entry is a miss."""

    def test_a_changed_byte(self, backing: Backing, store: Store) -> None:
        store.put(KEY, make_entry(store.sequence(), ("a",), b"page"))
        data = backing.load(KEY)
        for at in range(len(data)):
            for bit in (1, 128):
                changed = bytearray(data)
                changed[at] ^= bit
                backing.save(KEY, bytes(changed))
                assert store.get(KEY) is None

    def test_truncated_or_longer(self, backing: Backing, store: Store) -> None:
        store.put(KEY, make_entry(store.sequence(), ("a",), b"page"))
        data = backing.load(KEY)
        for length in range(len(data)):
            backing.save(KEY, data[:length])
            assert store.get(KEY) is None
        backing.save(KEY, data + b"\0")
        assert store.get(KEY) is None

    def test_moved_to_another_key(self, backing: Backing, store: Store) -> None:
        entry = make_entry(store.sequence(), ("a",))
        store.put(KEY, entry)
        store.put(OTHER, make_axes())
        backing.save(OTHER, backing.load(KEY))
        assert store.get(OTHER) is None
        assert store.get(KEY) == Held(entry, VALID)

    def test_signed_with_another_secret(self, backing: Backing, store: Store) -> None:
        entry = make_entry(store.sequence(), ("a",))
        store.put(KEY, entry)
        backing.save(KEY, Codec(["a stranger's"]).pack(KEY, entry))
        assert store.get(KEY) is None

    def test_not_an_entry_at_all(self, backing: Backing, store: Store) -> None:
        store.put(KEY, make_axes())
        for data in (b"", b"\0" * 100, b"\x80\x04K\x01.", b"\xff" * 5000):
            backing.save(KEY, data)
            assert store.get(KEY) is None

    def test_fallback_secrets_are_accepted(self, backing: Backing, store: Store) -> None:
        entry = make_entry(store.sequence(), ("a",))
        store.put(KEY, entry)
        rotated = backing.open(codec=Codec(["new", "a secret"]))
        assert rotated.get(KEY) == Held(entry, VALID)
        assert backing.open(codec=Codec(["new"])).get(KEY) is None
        rotated.put(OTHER, entry)
        assert backing.load(OTHER) == Codec(["new"]).pack(OTHER, entry)
        assert store.get(OTHER) is None

    def test_what_replaces_it_is_found_again(self, backing: Backing, store: Store) -> None:
        entry = make_entry(store.sequence(), ("a",))
        store.put(KEY, entry)
        backing.save(KEY, b"garbage")
        assert store.put(KEY, entry)
        assert store.get(KEY) == Held(entry, VALID)
        assert CODEC.unpack(KEY, backing.load(KEY)) == entry


def test_text_that_can_not_be_written_is_an_error_or_kept(store: Store) -> None:
    """A view's header with a lone surrogate: never half an entry."""
    entry = make_entry(store.sequence(), reason="\ud800")
    try:
        kept = store.put(KEY, entry)
    except Exception:
        kept = False
    held = store.get(KEY)
    assert held == (Held(entry, VALID) if kept else None)
    assert held is None or isinstance(held.node, Entry)
