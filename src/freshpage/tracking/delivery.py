"""Committed changes become invalidated tags."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

from freshpage.cacheability import EVERYTHING
from freshpage.tracking.following import Follower
from freshpage.tracking.published import published_changes
from freshpage.tracking.registry import NoteStore, Registry
from freshpage.tracking.shapes import ANY_TABLE, Change

logger = logging.getLogger("freshpage.tracking")


class TagStore(NoteStore, Protocol):
    """What is asked of a store."""

    def invalidate(self, tags: Collection[str]) -> int:
        """Give each tag the next sequence."""

    def mean(self, tables: Collection[str]) -> int:
        """Some tables are about to change; a number for :meth:`done`."""

    def done(self, number: int) -> None:
        """What was meant has happened and is invalidated, or never will."""


class Delivery:
    """Hands the tags of changes to the store.

    :param stores: gives the stores that keep pages, which may be others each time.
    """

    def __init__(self, registry: Registry, stores: Callable[[], Sequence[TagStore]]) -> None:
        self._registry = registry
        self._stores = stores

    def deliver(self, connection: BaseDatabaseWrapper | None, changes: list[Change]) -> None:
        """Invalidate what changes touched; a fault is logged, for the commit stands."""
        if not changes:
            return
        tags = self.tags(connection, changes)
        if not tags:
            return
        try:
            stores = self._stores()
        except Exception as fault:  # none can be opened by this process
            logger.error("invalidating %d tags failed: %s", len(tags), fault)
            return
        for store in stores:
            try:
                store.invalidate(tags)
            except Exception as fault:  # the store makes up for it before it is read again
                logger.warning("invalidating %d tags waits for a store: %s", len(tags), fault)

    @contextmanager
    def announced(self, tables: Collection[str]) -> Iterator[None]:
        """Tables that are about to change, until :meth:`deliver` has told what that ends.

        Should this process be killed in between, another tells it.
        """
        meant: list[tuple[TagStore, int]] = []
        try:
            meant = [(store, store.mean(tables)) for store in self._stores()]
        except Exception as fault:
            logger.warning("a write could not be announced: %s", fault)
        try:
            yield
        finally:
            for store, number in meant:
                store.done(number)

    def tags(
        self, connection: BaseDatabaseWrapper | None, changes: list[Change]
    ) -> Collection[str]:
        """The tags that changes touch; every page's, where that can't be told."""
        try:
            return self._tags(connection, changes)
        except Exception as fault:
            logger.warning("the shapes of queries can't be read: %s", fault)
            return (EVERYTHING,)

    def _tags(
        self, connection: BaseDatabaseWrapper | None, changes: list[Change]
    ) -> Collection[str]:
        self._registry.refresh()
        unknown = any(change.table == ANY_TABLE for change in changes)
        if unknown or self._registry.unreadable:
            return (EVERYTHING,)
        with Follower(connection, changes) as follower:
            seen = published_changes(changes, follower.read, self._registry.is_read)
            return self._registry.touched([*changes, *seen], follower.follow)
