"""Readers and writers at once, in threads and processes that share one store.

    python -m tests.oracle.race --store sqlite --processes 2

Each article counts its writes in ``views``. A writer says which count it starts to write, and
after the commit which count is written. A page may show no count that was not started when the
answer came, and none older than what was written when it was asked for.
"""

# ruff: noqa: E402, T201 (a program of its own, that sets up Django first)

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.oracle.race_settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from freshpage.cacheability import EVERYTHING
from freshpage.entry import Codec, Entry
from freshpage.sequence import Standing
from freshpage.stores import open_store
from freshpage.stores.base import Store, StoreError
from freshpage.stores.owing import OwingStore
from freshpage.tags import packed
from freshpage.tracking.database import watch_database
from freshpage.tracking.record import Record, recording
from tests.oracle.newsroom.models import Article, Author, Section
from tests.oracle.newsroom.writes import START

ARTICLES = 12


class Undone(Exception):
    """Rolls a transaction back."""


def detail(pk: int) -> str:
    found = Article.objects.get(pk=pk)
    return f"{found.pk}:{found.views}"


def section(pk: int) -> str:
    return " ".join(f"{a.pk}:{a.views}" for a in Article.objects.filter(section=pk).order_by("pk"))


def most_read() -> str:
    return " ".join(f"{a.pk}:{a.views}" for a in Article.objects.order_by("-views", "pk")[:3])


def values() -> str:
    pairs = Article.objects.filter(status="public").values_list("pk", "views")
    return " ".join(f"{pk}:{views}" for pk, views in pairs)


PAGES: dict[str, Any] = {"most_read": most_read, "values": values}
PAGES |= {f"detail/{pk}": lambda pk=pk: detail(pk) for pk in range(1, ARTICLES + 1)}
PAGES |= {f"section/{pk}": lambda pk=pk: section(pk) for pk in (1, 2)}


def fill() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    author = Author.objects.create(name="Ann")
    sections = [Section.objects.create(name=name, slug=name) for name in ("one", "two")]
    for number in range(ARTICLES):
        Article.objects.create(
            title="A", slug=f"a{number}", section=sections[number % 2], author=author, date=START
        )


def ask(store: Store, name: str) -> str:
    """A page from the store, or else rendered and stored; a store may be too busy."""
    key = name.encode()
    sequence, record = None, Record()
    with suppress(StoreError):
        held = store.get(key)
        if held is not None and isinstance(held.node, Entry) and held.standing is Standing.VALID:
            return held.node.body.decode()
        sequence = store.sequence()
    with recording(record):
        text: str = PAGES[name]()
    if record.refusal or record.loss or sequence is None:
        return text
    tags = (*record.cacheability.tags, EVERYTHING)
    now = time.time()
    entry = Entry(
        status=200, reason="OK", headers=(), response_time=now, initial_age=0, lifetime=600,
        expires=now + 600, sequence=sequence, tags=packed(tags), axes=(), etag=None, own_etag=False,
        last_modified=None, explicit=False, body=text.encode(),
    )  # fmt: skip
    with suppress(StoreError):
        store.put(key, entry)
    return text


def write(random: Random, pk: int, count: int) -> None:
    kind = random.randrange(6)
    if kind == 0:
        article = Article.objects.get(pk=pk)
        article.views = count
        article.save()
    elif kind == 1:
        Article.objects.filter(pk=pk).update(views=count)
    elif kind == 2:
        Article.objects.filter(pk=pk).update(views=F("views") + 1)
    elif kind == 3:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE newsroom_article SET views = %s WHERE id = %s", [count, pk])
    elif kind == 4:
        article = Article.objects.get(pk=pk)
        article.views = count
        Article.objects.bulk_update([article], ["views"])
    else:
        with transaction.atomic():
            try:
                with transaction.atomic():
                    Article.objects.filter(pk=pk).update(views=count + 1_000_000)
                    raise Undone
            except Undone:
                pass
            Article.objects.filter(pk=pk).update(views=count)


def worker(url: str, number: int, options: argparse.Namespace, shared: tuple[Any, ...]) -> None:
    """One process: its writers, and readers for as long as anybody writes."""
    started, written, writing, wrong, served = shared
    store = OwingStore(open_store(url, codec=Codec(["secret"])))
    watch_database(lambda: [store])

    def writes(writer: int) -> None:
        random = Random(writer)
        writers = options.processes * options.writers
        own = [pk for pk in range(1, ARTICLES + 1) if pk % writers == writer % writers]
        for _ in range(options.steps):
            pk = random.choice(own)
            count = started[pk] + 1
            started[pk] = count
            write(random, pk, count)
            written[pk] = count
        connection.close()
        with writing.get_lock():
            writing.value -= 1

    def reads(reader: int) -> None:
        random, names = Random(1000 + reader), list(PAGES)
        while writing.value:
            before = written[:]
            text = ask(store, name := random.choice(names))
            after = started[:]
            served.value += 1
            for pair in text.split():
                pk, count = map(int, pair.split(":"))
                if not before[pk] <= count <= after[pk]:
                    print(f"{name}: {pk} shows {count}, not {before[pk]} to {after[pk]}")
                    wrong.value += 1
        connection.close()

    jobs = [(writes, number * options.writers + one) for one in range(options.writers)]
    jobs += [(reads, number * options.readers + one) for one in range(options.readers)]
    threads = [threading.Thread(target=job, args=(one,)) for job, one in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", default="memory", help="memory, sqlite, or a redis:// URL")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--readers", type=int, default=4, help="threads a process")
    parser.add_argument("--writers", type=int, default=2, help="threads a process")
    parser.add_argument("--steps", type=int, default=100, help="writes a writer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        url = options.store
        if url == "sqlite":
            url = f"sqlite:///{directory}/pages.sqlite3"
        os.environ["RACE_DATABASE"] = str(Path(directory) / "site.sqlite3")
        spawn = multiprocessing.get_context("spawn")
        filling = spawn.Process(target=fill)
        filling.start()
        filling.join()
        shared = (
            spawn.Array("i", ARTICLES + 1),
            spawn.Array("i", ARTICLES + 1),
            spawn.Value("i", options.processes * options.writers),
            spawn.Value("i", 0),
            spawn.Value("i", 0),
        )
        processes = [
            spawn.Process(target=worker, args=(url, number, options, shared))
            for number in range(options.processes)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        *_, wrong, served = shared
        ended = all(process.exitcode == 0 for process in processes)
        print(f"{served.value} answers, {wrong.value} wrong")
        sys.exit(bool(wrong.value) or not ended or not served.value)


if __name__ == "__main__":
    main()
