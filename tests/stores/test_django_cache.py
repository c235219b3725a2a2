"""A store in a Django cache that drops what it likes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.core.cache import caches

from freshpage.sequence import Standing
from freshpage.stores import Held, Store
from freshpage.stores.django_cache import DjangoCacheStore
from freshpage.tags import tag_digest
from tests.stores.backings import Backing, DjangoBacking
from tests.stores.examples import make_entry

KEY = b"key"
pytestmark = pytest.mark.parametrize("backing", ["django-locmem", "django-redis"], indirect=True)


def stored_names(store: Store, backing: Backing) -> list[str]:
    """The keys of what has been stored."""
    assert isinstance(store, DjangoCacheStore)
    assert isinstance(backing, DjangoBacking)
    epoch = store.sequence().epoch
    names = [store._record_name(epoch, tag_digest(tag)) for tag in ("a", "b")]
    return [*names, store._epoch_name, store._number_name(epoch), store._entry(KEY)]


def test_whatever_is_dropped_nothing_invalid_becomes_valid(backing: Backing, store: Store) -> None:
    cache = caches["default"]
    for dropped in itertools.chain.from_iterable(
        itertools.combinations(range(5), count) for count in (1, 2, 3, 4, 5)
    ):
        entry = make_entry(store.sequence(), ("a", "b"))
        store.put(KEY, entry)
        assert store.get(KEY) == Held(entry, Standing.VALID)
        store.invalidate(["a"])
        names = stored_names(store, backing)
        cache.delete_many([names[at] for at in dropped])
        for _ in range(2):
            assert store.standing(entry) is Standing.INVALID
            assert not store.put(KEY, entry)
            store.sequence()


def test_a_dropped_record_costs_a_render(backing: Backing, store: Store) -> None:
    entry = make_entry(store.sequence(), ("a", "b"))
    store.put(KEY, entry)
    caches["default"].delete(stored_names(store, backing)[0])
    assert store.get(KEY) == Held(entry, Standing.INVALID)
    assert store.put(KEY, make_entry(store.sequence(), ("a", "b"), b"new"))
    held = store.get(KEY)
    assert held is not None
    assert held.standing is Standing.VALID


def test_a_record_dropped_after_a_soft_invalidation_is_hard(backing: Backing, store: Store) -> None:
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    caches["default"].delete(stored_names(store, backing)[0])
    store.invalidate(["a"], soft=True)
    assert store.standing(entry) is Standing.INVALID


def test_records_that_make_no_sense_are_none(backing: Backing, store: Store) -> None:
    cache = caches["default"]
    names = stored_names(store, backing)
    entry = make_entry(store.sequence(), ("a",))
    for value in (b"", b"1", b"x y", b"1 2 3", "1 2", 7, None, [1]):
        store.put(KEY, entry)
        cache.set(names[0], value)
        assert store.standing(entry) is Standing.INVALID
        cache.delete(names[0])


def test_a_lock_that_is_never_given_back(
    backing: Backing, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder died; meanwhile everything is invalid rather than something stale."""
    monkeypatch.setattr("freshpage.stores.django_cache.PATIENT", 0.02)
    assert isinstance(store, DjangoCacheStore)
    entry = make_entry(store.sequence(), ("a",))
    store.put(KEY, entry)
    caches["default"].add(store._turn_name, "somebody else", 60)
    store.invalidate(["b"])
    assert store.standing(entry) is Standing.INVALID
    assert caches["default"].get(store._turn_name) == "somebody else"


def test_a_turn_that_took_too_long(
    backing: Backing, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock has gone to another: who knows what was written in between."""
    assert isinstance(store, DjangoCacheStore)
    cache: Any = caches["default"]
    entry = make_entry(store.sequence(), ("b",))
    store.put(KEY, entry)
    write = cache.set_many

    def slowly(*args: Any, **options: Any) -> Any:
        cache.set(store._turn_name, "somebody else", 60)
        return write(*args, **options)

    monkeypatch.setattr(cache, "set_many", slowly)
    store.invalidate(["a"])
    assert store.standing(entry) is Standing.INVALID
