"""Django's caches, with what renders read from them and others write to them seen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from freshpage.tracking.cached_values import CachedValues, unseen
from freshpage.tracking.record import current

BESIDE = ":freshpage"  # ends the key of what lies beside a value
_ABSENT = object()
_SAME, _CREATED, _CHANGED = range(3)


def watch_caches(values: CachedValues) -> None:
    """Have every cache seen, those that are open already too."""
    create = CacheHandler.create_connection

    def create_seen(self: CacheHandler, alias: str) -> BaseCache:
        made = create(self, alias)
        return _seen(made, alias, values)

    CacheHandler.create_connection = create_seen  # type: ignore[method-assign]
    for alias in caches:
        opened = getattr(vars(caches)["_connections"], alias, None)
        if opened is not None:
            _seen(opened, alias, values)


def _seen(made: BaseCache, alias: str, values: CachedValues) -> BaseCache:
    """The same cache, of a class that looks at what is done with it."""
    base: Any = type(made)
    made.__class__ = _class(base)
    vars(made).update(freshpage_alias=alias, freshpage_values=values)
    return made


@cache
def _class(base: Any) -> type[BaseCache]:
    return type(base.__name__, (_Seen, base), {"__module__": base.__module__})


def _are_same(one: Any, other: Any) -> bool:
    """Whether two values show the same, as far as that can be told."""
    if type(one) is not type(other):
        return False
    if isinstance(one, str | bytes | int | float | None):
        return bool(one == other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_are_same, one, other))
    if isinstance(one, dict):
        return _are_same([*one.items()], [*other.items()])
    return False  # objects may call themselves equal that do not show the same


class _Seen(BaseCache):
    """What is put before a cache's own class."""

    freshpage_alias: str
    freshpage_values: CachedValues

    # -- reads ---------------------------------------------------------------------------

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        values, record = self.freshpage_values, current()
        if record is None or not values.is_seen(key):
            return super().get(key, default, version)
        with unseen():
            name = self.make_key(key, version)
            values.before_read(record, self.freshpage_alias, name)
            value = super().get(key, _ABSENT, version)
            if value is _ABSENT:
                values.missed(record, self.freshpage_alias, name)
                return default
            beside = super().get(f"{key}{BESIDE}", None, version)
            values.found(record, self.freshpage_alias, name, beside)
            return value

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        values, record = self.freshpage_values, current()
        keys = list(keys)
        if record is None or not all(values.is_seen(key) for key in keys):
            return super().get_many(keys, version)
        with unseen():
            names = {key: self.make_key(key, version) for key in keys}
            for name in names.values():
                values.before_read(record, self.freshpage_alias, name)
            found = super().get_many(keys, version)
            beside = super().get_many([f"{key}{BESIDE}" for key in found], version)
            alias = self.freshpage_alias
            for key in found:
                values.found(record, alias, names[key], beside.get(f"{key}{BESIDE}"))
            for key in keys:
                if key not in found:
                    values.missed(record, alias, names[key])
            return found

    def has_key(self, key: Any, version: int | None = None) -> bool:
        values, record = self.freshpage_values, current()
        if record is not None and values.is_seen(key):
            with unseen():
                name = self.make_key(key, version)
                values.before_read(record, self.freshpage_alias, name)
                there = super().has_key(key, version)
                if there:
                    values.found(record, self.freshpage_alias, name, None)
                else:
                    values.missed(record, self.freshpage_alias, name)
                return there
        return super().has_key(key, version)

    # -- writes --------------------------------------------------------------------------

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        if not self.freshpage_values.is_seen(key):
            return super().set(key, value, timeout, version)
        with unseen():
            same = self._is_same(key, value, version)
            result = super().set(key, value, timeout, version)
            self._stored({key: same}, timeout, version)
            return result

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        if not self.freshpage_values.is_seen(key):
            return super().add(key, value, timeout, version)
        with unseen():
            added = super().add(key, value, timeout, version)
            if added:
                self._stored({key: _CREATED}, timeout, version)
            return added

    def set_many(
        self,
        data: dict[Any, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[Any]:
        if not all(self.freshpage_values.is_seen(key) for key in data):
            return super().set_many(data, timeout, version)
        with unseen():
            known = {key: self._is_same(key, value, version) for key, value in data.items()}
            failed = super().set_many(data, timeout, version)
            self._stored(known, timeout, version)
            return failed

    def _is_same(self, key: Any, value: Any, version: int | None) -> int:
        """What storing a value does to who has read the key."""
        values, record = self.freshpage_values, current()
        if record is None:
            return _CHANGED
        if values.has_missed(record, self.make_key(key, version)):
            return _CREATED
        before = super().get(key, _ABSENT, version)
        if before is _ABSENT:
            return _CREATED
        return _SAME if _are_same(before, value) else _CHANGED

    def _stored(self, known: dict[Any, int], timeout: Any, version: int | None) -> None:
        values, record, alias = self.freshpage_values, current(), self.freshpage_alias
        names = {key: self.make_key(key, version) for key in known}
        if record is None:
            # what a former value was made of says nothing of this one
            super().delete_many([f"{key}{BESIDE}" for key in known], version)
        else:
            seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
            for key, name in names.items():
                beside = values.stored(record, alias, name, seconds)
                if beside is None:
                    super().delete(f"{key}{BESIDE}", version)
                else:
                    super().set(f"{key}{BESIDE}", beside, timeout, version)
        values.created(alias, [names[key] for key in known if known[key] == _CREATED])
        values.changed(alias, [names[key] for key in known if known[key] == _CHANGED])

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(self._changing([key], version, super().touch, key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._changing([key], version, super().delete, key, version))

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        keys = list(keys)
        self._changing(keys, version, super().delete_many, keys, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        record = current()
        if record is not None and self.freshpage_values.is_seen(key):
            # it is told what it was: the page does not outlive the change it makes itself
            name = self.make_key(key, version)
            self.freshpage_values.found(record, self.freshpage_alias, name, None)
        changed: int = self._changing([key], version, super().incr, key, delta, version)
        return changed

    def clear(self) -> None:
        super().clear()
        if self.freshpage_values.is_seen():
            self.freshpage_values.cleared(self.freshpage_alias)

    def _changing(self, keys: list[Any], version: int | None, change: Any, *args: Any) -> Any:
        """Change values otherwise than by storing them."""
        values = self.freshpage_values
        if not all(values.is_seen(key) for key in keys):
            return change(*args)
        with unseen():
            result = change(*args)
        values.changed(self.freshpage_alias, [self.make_key(key, version) for key in keys])
        return result
