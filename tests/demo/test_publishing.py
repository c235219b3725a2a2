"""Visitors read while an editor publishes: nobody gets a page older than the last publishing
that had returned before he asked. ``PUBLISHING_SECONDS`` says how long (10).
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

from tests.demo.site import Editor, Site, is_hit

SECONDS = float(os.environ.get("PUBLISHING_SECONDS", "10"))
VISITORS = 4
EDITED = ("library/circle", "parks/stadtpark", "town/arriving")
EDITION = re.compile(r"Edition (\d+)\.")


class Editions:
    """What was published last, at each address."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._published: dict[str, int] = {}
        self.late: list[str] = []
        self.reads = self.hits = self.count = 0

    def published(self, path: str) -> int:
        with self._lock:
            return self._published.get(path, 0)

    def publish(self, path: str) -> None:
        with self._lock:
            self.count += 1
            self._published[path] = self._published.get(path, 0) + 1

    def read(self, path: str, least: int, found: int, hit: bool) -> None:
        with self._lock:
            self.reads += 1
            self.hits += hit
            if found < least:
                self.late.append(f"{path}: edition {found}, after {least}")


def _visit(site: Site, paths: dict[str, str], editions: Editions, over: Event, seed: int) -> None:
    chance = random.Random(seed)
    while not over.is_set():
        path = chance.choice(list(paths.values()))
        least = editions.published(path)
        answer = site.get(path)
        assert answer.status_code == 200
        found = EDITION.search(answer.text)
        editions.read(path, least, int(found[1]) if found else 0, is_hit(answer))


def test_no_visitor_gets_a_page_older_than_the_last_publishing(
    site: Site, editor: Editor, record_property: Callable[[str, object], None]
) -> None:
    paths = {key: site.path_of(key) for key in EDITED}
    elsewhere = {key: site.path_of(key) for key in ("library", "parks", "town", "news")}
    editions, over = Editions(), Event()
    with ThreadPoolExecutor(VISITORS) as visitors:
        reading = [
            visitors.submit(_visit, site, paths | elsewhere, editions, over, seed)
            for seed in range(VISITORS)
        ]
        try:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                for path in paths.values():
                    now = editions.published(path)
                    editing = editor.draft(path)
                    if now:
                        editor.change_text(editing, f"Edition {now}.", f"Edition {now + 1}.")
                    else:
                        editor.change_text(editing, "</p>", " Edition 1.</p>")
                    editor.publish(editing)
                    editions.publish(path)
        finally:
            over.set()
        for each in reading:
            each.result()
    record_property(
        "figure",
        f"{editions.count} editions published in {SECONDS:.0f} s, {editions.reads} pages read "
        f"({editions.hits} from the cache), {len(editions.late)} older than they may be",
    )
    assert editions.late == []
    assert editions.hits > 0
    assert editions.count > 1
