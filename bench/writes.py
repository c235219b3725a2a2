"""What freshpage adds to a write, with few pages stored and with many.

    python -m bench.writes [pages of the small store] [pages of the large one]

The site's database is an SQLite file. Saves of one article are timed in turns: without
freshpage, and with stores of two sizes that hold pages which read the table, each with row
tags of its own. The last line of a store says what is added, as a share of a plain save.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oracle.race_settings"
_directory = tempfile.TemporaryDirectory()
os.environ["RACE_DATABASE"] = str(Path(_directory.name) / "site.sqlite3")

import django  # noqa: E402
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402
from django.db.backends.utils import CursorWrapper  # noqa: E402
from django.db.models.sql.compiler import SQLInsertCompiler, SQLUpdateCompiler  # noqa: E402
from msgspec.structs import replace  # noqa: E402

# what freshpage puts its own in place of, before it is there
PLACES = [
    *((compiler, "execute_sql") for compiler in (SQLInsertCompiler, SQLUpdateCompiler)),
    *((CursorWrapper, name) for name in ("execute", "executemany")),
    *((BaseDatabaseWrapper, name) for name in ("commit", "rollback", "set_autocommit")),
]
PLAIN = [getattr(*place) for place in PLACES]

django.setup()

from django.core.management import call_command  # noqa: E402

from bench.purge import CODEC, page  # noqa: E402
from freshpage.settings import Settings  # noqa: E402
from freshpage.stores import Store, open_store  # noqa: E402
from freshpage.stores.base import StoreError  # noqa: E402
from freshpage.tracking.database import watch_database  # noqa: E402
from freshpage.tracking.record import Record, recording  # noqa: E402
from tests.oracle.newsroom.models import Article  # noqa: E402
from tests.oracle.newsroom.pages import news_pages  # noqa: E402
from tests.oracle.newsroom.writes import Newsroom  # noqa: E402
from tests.servers import redis_server  # noqa: E402

SMALL, LARGE = 1_000, 200_000
ROUNDS, SAVES, WARM_UP = 20, 20, 5  # in turns
BARE = Settings(memory_bytes=0, store_bytes=2**32)


def read_all() -> list[frozenset[str]]:
    """Render the site's pages, so that their questions are noted; the tags of each."""
    found = []
    for view in news_pages().values():
        for _ in range(2):  # what is shown of rows is known by the second render
            record = Record()
            with recording(record):
                view()
            tags = record.cacheability.tags
        found.append(tags)
    return found


def fill(store: Store, pages: int) -> None:
    """Store pages that carry the tags of the site's, and of a row of their own."""
    watch_database(lambda: [store])
    kinds = read_all()
    sequence = store.sequence()
    for number in range(pages):
        tags = (*kinds[number % len(kinds)], f"row:{number}")
        entry = replace(page(sequence, number), tags=tags)
        for _ in range(10):  # the server may be busy with those before
            try:
                store.put(b"page %d" % number, entry)
                break
            except StoreError:
                continue


def save(article: Article, number: int) -> float:
    """Seconds for one."""
    article.text = f"text {number}"
    start = time.perf_counter()
    article.save(update_fields=["text"])
    return time.perf_counter() - start


def measure(kind: str, opened: Callable[[], Store], small: int, large: int) -> None:
    stores = {small: opened(), large: opened()}
    for pages, store in stores.items():
        fill(store, pages)
    article = Article.objects.get(slug="article-7")
    times: dict[int, list[float]] = {0: [], small: [], large: []}
    seen = [getattr(*place) for place in PLACES]

    def put(methods: list[Callable[..., object]]) -> None:
        for place, method in zip(PLACES, methods, strict=True):
            setattr(*place, method)

    for number in range(ROUNDS):
        for pages, taken in times.items():
            put(seen if pages else PLAIN)
            if pages:
                watch_database(lambda pages=pages: [stores[pages]])
            for one in range(-WARM_UP, SAVES):  # the first learn what the store has noted
                seconds = save(article, number * SAVES + one)
                if one >= 0:
                    taken.append(seconds * 1e6)
    put(seen)
    plain, less, more = (statistics.median(taken) for taken in times.values())
    print(
        f"{kind:7} plain save {plain:7.0f} us   {small:,} pages {less:7.0f} us   "
        f"{large:,} pages {more:7.0f} us   ratio {more / less:.2f}   "
        f"added {(less / plain - 1) * 100:.0f} %",
        flush=True,
    )


def main() -> None:
    small, large = (int(given) for given in sys.argv[1:3] or (SMALL, LARGE))
    call_command("migrate", run_syncdb=True, verbosity=0)
    Newsroom(1).fill(200)
    with ExitStack() as stack:

        def directory() -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def sqlite() -> Store:
            return open_store("sqlite", codec=CODEC, directory=directory(), settings=BARE)

        def redis() -> Store:
            url = stack.enter_context(redis_server(directory())).url
            return open_store(url, codec=CODEC, settings=BARE)

        measure("sqlite", sqlite, small, large)
        measure("redis", redis, small, large)


if __name__ == "__main__":
    main()
