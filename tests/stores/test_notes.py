"""Notes: every process finds them, and they are lost only with everything else."""

from __future__ import annotations

from tests.stores.backings import Backing


def test_every_process_finds_them(backing: Backing) -> None:
    one = backing.open()
    other = backing.open() if backing.shared else one
    one.note(b"first")
    mark, items = other.notes(0)
    assert b"first" in items
    other.note(b"second")
    mark, items = one.notes(mark)
    assert b"second" in items
    assert one.notes(mark) == (mark, [])


def test_they_outlive_invalidations(backing: Backing) -> None:
    store = backing.open()
    epoch = store.sequence().epoch
    store.note(b"kept")
    for number in range(50):
        store.invalidate([f"tag {number}"])
    assert store.notes(0)[1] == [b"kept"]
    assert store.sequence().epoch == epoch


def test_where_some_are_lost_everything_is(backing: Backing) -> None:
    store = backing.open()
    epoch = store.sequence().epoch
    store.note(b"lost")
    backing.lose_counters()
    store.notes(0)
    assert store.sequence().epoch != epoch
    assert b"lost" not in store.notes(0)[1]


def test_redis_notices_that_the_notes_alone_are_lost(backing: Backing) -> None:
    from tests.stores.backings import RedisBacking

    lower = getattr(backing, "lower", backing)
    if not isinstance(lower, RedisBacking):
        return
    store = backing.open()
    store.note(b"lost")
    epoch = store.sequence().epoch
    lower.client.delete(f"{{freshpage:{lower.site.replace(' ', '%20')}}}:notes")
    assert store.notes(0)[1] == []
    assert store.sequence().epoch != epoch
