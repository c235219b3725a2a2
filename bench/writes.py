"""What tracking adds to a write, and whether it costs more where more pages are stored.

    python -m bench.writes [--small 1000] [--large 200000]

One article of a news site is saved over and over, in a file of SQLite: once in each turn
with nothing watching, with a small store behind it and with a large one. Every other time
its title changes, which ends pages. The site's shapes of queries are known to both stores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tests.settings as site

DIRECTORY = tempfile.TemporaryDirectory(prefix="freshpage-bench-")
site.DATABASES["default"] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": f"{DIRECTORY.name}/site.sqlite3",
}
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402
from django.db.backends.utils import CursorWrapper  # noqa: E402
from django.db.models.sql.compiler import SQLUpdateCompiler  # noqa: E402

SEEN = [
    (SQLUpdateCompiler, "execute_sql"),
    (CursorWrapper, "execute"),
    (BaseDatabaseWrapper, "commit"),
]
ALONE = [vars(owner)[name] for owner, name in SEEN]

django.setup()  # from here on they are watched

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from freshpage.cacheability import location_tags  # noqa: E402
from freshpage.entry import Codec, Entry  # noqa: E402
from freshpage.settings import Settings  # noqa: E402
from freshpage.stores import Store, open_store  # noqa: E402
from freshpage.stores.ledger import Ledger  # noqa: E402
from freshpage.stores.owing import OwingStore  # noqa: E402
from freshpage.tags import packed  # noqa: E402
from freshpage.tracking.database import watch_database  # noqa: E402
from freshpage.tracking.record import Record, recording  # noqa: E402
from tests.oracle.newsroom.models import Article  # noqa: E402
from tests.oracle.newsroom.pages import all_pages  # noqa: E402
from tests.oracle.newsroom.writes import Newsroom  # noqa: E402
from tests.servers import redis_server  # noqa: E402

CODEC = Codec(["bench"])


def entry(store: Store, tags: tuple[str, ...], number: int) -> Entry:
    now = time.time()
    return Entry(
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/html"),),
        response_time=now,
        initial_age=0,
        lifetime=3600,
        expires=now + 3600,
        sequence=store.sequence(),
        tags=packed([*tags, *location_tags("example.com", f"/{number}/")]),
        axes=(),
        etag=None,
        own_etag=False,
        last_modified=None,
        explicit=False,
        body=b"<p>page</p>",
    )


def fill(store: Store, pages: int) -> None:
    """Pages with the tags that renders of the site have."""
    watch_database(lambda: [store])
    found = []
    for render in all_pages().values():
        record = Record()
        with recording(record):
            render()
        found.append(tuple(sorted(record.cacheability.tags))[:40])
    for number in range(pages):
        store.put(b"page %d" % number, entry(store, found[number % len(found)], number))


@contextmanager
def opened(kind: str) -> Iterator[Store]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bare = Settings(memory_bytes=0, store_bytes=2**33)
        if kind == "memory":
            store = open_store("memory", codec=CODEC, settings=Settings(memory_bytes=2**33))
        elif kind == "sqlite":
            store = open_store("sqlite", codec=CODEC, directory=directory, settings=bare)
        else:
            url = stack.enter_context(redis_server(directory)).url
            store = open_store(url, codec=CODEC, settings=bare)
        stack.callback(store.close)
        # as at a site, where each write is written down before it is committed
        yield OwingStore(store, Ledger(directory / "ledger"))


def timed(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1e6


def measure(kind: str, sizes: tuple[int, int], rounds: int) -> None:
    with opened(kind) as small, opened(kind) as large:
        for store, pages in zip((small, large), sizes, strict=True):
            fill(store, pages)
        watched = [vars(owner)[name] for owner, name in SEEN]
        article = Article.objects.order_by("pk").first()
        number = 0

        def save() -> None:
            nonlocal number
            number += 1
            article.text = f"Text {number}"
            if number % 2:
                article.title = f"Title {number}"
            article.save()

        def turn(functions: list[Any], store: Store) -> float:
            for (owner, name), function in zip(SEEN, functions, strict=True):
                setattr(owner, name, function)
            watch_database(lambda: [store])
            save()  # learns the store's shapes
            save()
            return timed(save) + timed(save)

        turns = [(ALONE, small), (watched, small), (watched, large)]
        times = [[turn(*one) / 2 for one in turns] for _ in range(rounds)]
        alone, few, many = (statistics.median(column) for column in zip(*times, strict=True))
        for (owner, name), function in zip(SEEN, watched, strict=True):
            setattr(owner, name, function)
    print(
        f"| {kind} | {alone:.0f} | {few:.0f} | {many:.0f} | {few / alone - 1:+.0%} "
        f"| {many / few:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--wal", action="store_true", help="the site's database in WAL mode")
    options = parser.parse_args()
    watch_database(list)
    call_command("migrate", run_syncdb=True, verbosity=0)
    if options.wal:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
    Newsroom(1).fill(200)
    print(
        f"| store | save us | {options.small} pages | {options.large} pages | added | large/small |"
    )
    print("|---|---|---|---|---|---|")
    for kind in ("memory", "sqlite", "redis"):
        measure(kind, (options.small, options.large), options.rounds)


if __name__ == "__main__":
    main()
