"""Compressing what is stored, behind the visitors' backs: a page's first hit asks for it, so
one that nobody comes back for is never compressed.
"""

from __future__ import annotations

import os
import threading

import msgspec
from django.db import connections

from freshpage.compressing import Compress, forms
from freshpage.entry import Entry
from freshpage.outcome import Unencoded
from freshpage.performing import tell
from freshpage.repeats import Repeats
from freshpage.sequence import Standing
from freshpage.stores.base import Store

WAITING = 32  # entries that wait; more are dropped, and asked for again by their next hit


class Encoder:
    """One thread of a process, as long as there is something to do.

    :param repeats: which answers it makes outdated.
    :param compress: by coding, the best first.
    """

    def __init__(self, store: Store, repeats: Repeats, compress: dict[str, Compress]) -> None:
        self._store = store
        self._repeats = repeats
        self._compress = compress
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[bytes, Unencoded] = {}
        self._busy = False
        self._pid = os.getpid()

    def offer(self, wanted: Unencoded) -> None:
        """Have an entry compressed soon, unless there is too much to do."""
        if self._pid != os.getpid():  # the parent's thread is not ours, nor is what waits for it
            self._begin()
        with self._lock:
            if wanted.key in self._waiting or len(self._waiting) >= WAITING:
                return
            self._waiting[wanted.key] = wanted
            if self._busy:
                return
            self._busy = True
        try:
            threading.Thread(target=self._work, name="freshpage-encoder", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is going down
            with self._lock:
                self._waiting.clear()
                self._busy = False

    def _work(self) -> None:
        try:
            while (wanted := self._next()) is not None:
                try:
                    self._encode(wanted)
                except Exception as fault:
                    tell("a page could not be compressed", fault)
                finally:
                    with self._lock:
                        self._waiting.pop(wanted.key, None)
        finally:
            connections.close_all()  # a store may be in the site's database

    def _next(self) -> Unencoded | None:
        """What has waited longest; it stays among the waiting while it is worked on."""
        with self._lock:
            wanted = next(iter(self._waiting.values()), None)
            self._busy = wanted is not None
            return wanted

    def _encode(self, wanted: Unencoded) -> None:
        held = self._store.get(wanted.key)
        if held is None or held.standing is not Standing.VALID or not isinstance(held.node, Entry):
            return
        entry = held.node
        if entry.encoded is None:
            made = forms(entry.body, self._compress)
            self._store.put(wanted.key, msgspec.structs.replace(entry, encoded=made))
        self._repeats.forget(wanted.root)
