"""Values that a render takes from Django's caches, and what they were made of.

Beside a value that a render stores lie the tags of what it read since it missed the value,
and when the value ends. A page that shows a cached value has these tags, lives no longer
than the value, and is dropped when somebody else stores or deletes it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from freshpage.tracking.columns import TEXT
from freshpage.tracking.faults import unknown
from freshpage.tracking.record import Record
from freshpage.tracking.registry import Registry
from freshpage.tracking.shapes import ANY_COLUMN, ANY_TABLE, Change, Column, Shape
from freshpage.tracking.traces import Trace, trace_of

KINDS = 500  # of keys that are told apart in a process; pages that read others are not stored
TAGS = 2000  # carried beside a value at most

# What others keep there is read by no page: sessions make a page private, and our own store.
_NOT_OURS = ("django.contrib.sessions.", "freshpage:")
_VARYING = re.compile(r"[0-9a-f]{8,}|[0-9]+")
_VALUE, _NONE = "", "none of "  # before a key in a tag: its value, or that there is none


class Carried(msgspec.Struct, array_like=True):
    """What lies beside a value.

    :param until: seconds since 1970 when the value ends; None: never.
    """

    tags: list[str]
    until: float | None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Carried)


class _Now(threading.local):
    unseen = False
    lasting = False


_now = _Now()


@contextmanager
def lasting() -> Iterator[None]:
    """Values in here change with the data they are made of, and by nothing else: that they end
    does not end a page.
    """
    before, _now.lasting = _now.lasting, True
    try:
        yield
    finally:
        _now.lasting = before


@contextmanager
def unseen() -> Iterator[None]:
    """What is done with caches in here is not looked at: who does it knows what it is made of."""
    before, _now.unseen = _now.unseen, True
    try:
        yield
    finally:
        _now.unseen = before


class CachedValues:
    """Sees what renders read from caches, and what is written to them.

    :param deliver: makes changes known at once.
    """

    def __init__(self, registry: Registry, deliver: Callable[[list[Change]], None]) -> None:
        self._registry = registry
        self._deliver = deliver
        self._kinds: set[str] = set()

    def is_seen(self, key: Any = "") -> bool:
        """Whether a call is to be looked at: it is not one that another one makes."""
        return not _now.unseen and not str(key).startswith(_NOT_OURS)

    # -- reads ---------------------------------------------------------------------------

    def before_read(self, record: Record, alias: str, key: str) -> None:
        """Have a key noted that a render is about to ask for."""
        self._tags(record, alias, key)

    def missed(self, record: Record, alias: str, key: str) -> None:
        """From here on what the render reads is what the value is made of."""
        trace = self._trace(record)
        if trace is not None:
            trace.begin(key, self._tags(record, alias, key, _NONE))

    def found(self, record: Record, alias: str, key: str, beside: Any) -> None:
        """Take over what lies beside a value; nothing may, if no render stored it."""
        record.tags.update(self._tags(record, alias, key))
        carried = _decoded(beside)
        if carried is None:
            record.read_clock()
            return
        record.tags.update(carried.tags)
        if carried.until is not None and not _now.lasting:
            record.limit(max(0.0, carried.until - time.time()))

    def _tags(self, record: Record, alias: str, key: str, mark: str = _VALUE) -> list[str]:
        kind = _kind(alias, key)
        self._kinds.add(kind)
        if len(self._kinds) > KINDS:
            record.lose("too-many-cache-keys")
            return []
        try:
            tagger = self._registry.tagger(Shape(kind, ANY_COLUMN, (Column("key", TEXT),)))
        except Exception as fault:
            unknown(record, fault)
            return []
        return [tagger.tag, *tagger.asked([[mark + key]])]

    def _trace(self, record: Record) -> Trace | None:
        try:
            return trace_of(record, self._registry)
        except Exception as fault:
            unknown(record, fault)
            return None

    # -- writes --------------------------------------------------------------------------

    def has_missed(self, record: Record, key: str) -> bool:
        """Whether a render found that there was no such value."""
        trace = self._trace(record)
        return trace is not None and key in trace.missed

    def stored(self, record: Record, alias: str, key: str, timeout: float | None) -> str | None:
        """What is to lie beside a value that a render stores; None: it can't be told."""
        trace = self._trace(record)
        if trace is None:
            return None
        try:
            tags = trace.end(key)
        except Exception as fault:
            unknown(record, fault)
            return None
        record.tags.difference_update(self._tags(record, alias, key, _NONE))
        record.tags.update(self._tags(record, alias, key))
        if timeout is not None and not _now.lasting:
            record.limit(timeout)
        if len(tags) > TAGS:
            return None
        until = None if timeout is None else time.time() + timeout
        return _encoder.encode(Carried(sorted(tags), until)).decode()

    def created(self, alias: str, keys: Iterable[str]) -> None:
        """Drop what shows that there were no values of some keys."""
        self._deliver([_change(alias, key, _NONE) for key in keys])

    def changed(self, alias: str, keys: Iterable[str]) -> None:
        """Drop what shows the values of some keys, or that there were none."""
        self._deliver([_change(alias, key, mark) for key in keys for mark in (_VALUE, _NONE)])

    def cleared(self, alias: str) -> None:
        """Drop what shows any value of a cache."""
        try:
            self._registry.refresh()
            changes = [Change(kind) for kind in self._registry.tables(_kind(alias, ""))]
        except Exception:  # what is known can't be told: whatever there is
            changes = [Change(ANY_TABLE)]
        self._deliver(changes)


def _kind(alias: str, key: str) -> str:
    """What the registry knows keys like this one by, as if they were rows of a table."""
    return f"cache {alias} {_VARYING.sub('#', key)[:100]}"


def _change(alias: str, key: str, mark: str) -> Change:
    row = {"key": mark + key}
    return Change(_kind(alias, key), row, row)


def _decoded(beside: Any) -> Carried | None:
    try:
        return _decoder.decode(beside)
    except (msgspec.DecodeError, TypeError):
        return None
