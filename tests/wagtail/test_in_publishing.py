"""Visitors read while an editor publishes through the admin: nobody gets a page older than the last
publishing that had returned before he asked. ``PUBLISHING_SECONDS`` says how long (5).
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import httpx

SECONDS = float(os.environ.get("PUBLISHING_SECONDS", "5"))
VISITORS = 4
EDITED = ("/en/walks/mill-path/", "/en/huts/saddle-hut/")
OTHERS = ("/en/", "/en/walks/", "/de/walks/", "/en/huts/larch-hut/")
EDITION = re.compile(r"<p>Edition (\d+)</p>")


class Editor(httpx.Client):
    """Logged in at Wagtail's admin."""

    def __init__(self, address: str) -> None:
        super().__init__(base_url=address, timeout=60)
        self.get("/admin/login/")
        answer = self.press("/admin/login/", username="editor", password="kestrel")
        assert answer.status_code == 302, answer.text

    def press(self, path: str, **filled: str) -> httpx.Response:
        token = self.cookies["csrftoken"]
        return self.post(path, data={**filled, "csrfmiddlewaretoken": token})

    def publish(self, path: str, summary: str) -> None:
        found = re.search(r"/admin/pages/(\d+)/edit/", self.get(path).text)
        assert found, "the userbar leads to the editor"
        none = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0", "MAX_NUM_FORMS": "1000"}
        forms = {
            f"{form}-{key}": val for form in ("related", "comments") for key, val in none.items()
        }
        slug = path.strip("/").rpartition("/")[2]
        answer = self.press(
            f"/admin/pages/{found[1]}/edit/",
            **{"title": slug, "slug": slug, "summary": summary, "body-count": "0"},
            **{"action-publish": "action-publish", **forms},
        )
        assert answer.status_code == 302, answer.text


def _visit(
    address: str, published: dict[str, int], over: Event, seed: int
) -> list[tuple[bool, str]]:
    """What a visitor read: whether it came from the cache, and what is wrong with it."""
    chance, read = random.Random(seed), []
    with httpx.Client(base_url=address, timeout=60) as visitor:
        while not over.is_set():
            path = chance.choice(EDITED + OTHERS)
            least = published.get(path, 0)
            answer = visitor.get(path)
            found = EDITION.search(answer.text)
            edition = int(found[1]) if found else 0
            late = f"{path}: edition {edition}, after {least}" if edition < least else ""
            hit = answer.headers["Cache-Status"].startswith("freshpage; hit")
            read.append((hit, late if answer.status_code == 200 else f"{path}: {answer}"))
    return read


def test_no_visitor_gets_a_page_older_than_the_last_publishing(
    address: str, record_property: Callable[[str, object], None]
) -> None:
    published: dict[str, int] = {}
    over = Event()
    with ThreadPoolExecutor(VISITORS) as visitors, closing(Editor(address)) as editor:
        reading = [
            visitors.submit(_visit, address, published, over, seed) for seed in range(VISITORS)
        ]
        try:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                for path in EDITED:
                    edition = published.get(path, 0) + 1
                    editor.publish(path, f"Edition {edition}")
                    published[path] = edition
        finally:
            over.set()
        read = [one for each in reading for one in each.result()]
    late = [wrong for _, wrong in read if wrong]
    hits = sum(hit for hit, _ in read)
    record_property(
        "figure",
        f"{sum(published.values())} editions published in {SECONDS:.0f} s, {len(read)} pages read "
        f"({hits} from the cache), {len(late)} older than they may be",
    )
    assert late == []
    assert hits > 0
    assert min(published.values()) > 1
