"""A process that is killed between any two steps of a write leaves no page out of date."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from freshpage.stores.owing import LOOK
from tests.servers import redis_server

ROOT = Path(__file__).parents[2]

READER = """
import sys
from bench import kills_site
def ask(path):
    status = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "s", "SERVER_PORT": "80",
               "HTTP_HOST": "s", "wsgi.url_scheme": "http", "wsgi.input": sys.stdin.buffer}
    parts = kills_site.application(environ, lambda *head: status.append(head))
    body = b"".join(parts).decode()
    getattr(parts, "close", lambda: None)()
    return body, dict(status[0][1]).get("Cache-Status")
for line in sys.stdin:
    print(*ask(line.strip()), flush=True)
"""

WRITER = """
import os, signal, sys
from bench import kills_site
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from freshpage.runtime import runtime
from freshpage.stores.ledger import Ledger
from freshpage.tracking.delivery import Delivery
from freshpage.tracking.registry import Registry
import freshpage

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

store = runtime().store
counter = kills_site.Counter.objects.get(pk=1)
place, how = sys.argv[1:]
{
    "before the commit": lambda: setattr(BaseDatabaseWrapper, "_commit", die),
    "after the commit": lambda: setattr(Delivery, "tags", die),
    "before the shapes are read": lambda: setattr(Registry, "refresh", die),
    "before the invalidation": lambda: setattr(store.below, "invalidate", die),
    "before it is crossed out": lambda: setattr(Ledger, "done", die),
}[place]()
counter.value += 1
if how == "atomic":
    with transaction.atomic():
        counter.save()
elif how == "by hand":
    with transaction.atomic():
        counter.save()
        freshpage.invalidate("whatever")
else:
    kills_site.Counter.objects.create(value=1)
"""


def make_site(environment):
    command = [sys.executable, "-m", "bench.kills_site"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


PLACES = [
    "before the commit",
    "after the commit",
    "before the shapes are read",
    "before the invalidation",
    "before it is crossed out",
]


@pytest.fixture(params=["sqlite", "redis"])
def environment(request, tmp_path):
    if request.param == "sqlite":
        store = "sqlite"
        yield _environment(tmp_path, store)
    else:
        (tmp_path / "redis").mkdir()
        with redis_server(tmp_path / "redis") as server:
            yield _environment(tmp_path, server.url)


def _environment(directory, store):
    return {
        **os.environ,
        "KILLS_STORE": store,
        "KILLS_DIRECTORY": str(directory),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }


class Reader:
    """A process that answers from the cache."""

    def __init__(self, environment):
        command = [sys.executable, "-c", READER]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        body, _, status = self.process.stdout.readline().strip().partition(" ")
        return int(body), status

    def until_hit(self, path):
        """Ask until it is answered from the cache: debts are paid, the store answers."""
        end = time.monotonic() + 20
        while "hit" not in self.ask(path)[1]:
            assert time.monotonic() < end
            time.sleep(0.02)

    def close(self):
        self.process.communicate()


@pytest.mark.parametrize("how", ["atomic", "autocommit", "by hand"])
def test_no_page_is_left_out_of_date(environment, how):
    subprocess.run(
        [sys.executable, "-m", "bench.kills_site"], cwd=ROOT, env=environment, check=True
    )
    reader = Reader(environment)
    try:
        for place in PLACES[how == "autocommit" :]:  # there is no commit to die before
            for path in ("/1/", "/total/"):
                reader.until_hit(path)
            done = subprocess.run(
                [sys.executable, "-c", WRITER, place, how], cwd=ROOT, env=environment, check=False
            )
            assert done.returncode == -signal.SIGKILL
            time.sleep(2 * LOOK)  # the bound that is stated for this
            shown = [reader.ask(path)[0] for path in ("/1/", "/total/")]
            assert shown == _database(environment), place
    finally:
        reader.close()


WRITER_THAT_ENDS = """
from bench import kills_site
from django.db.models import F
kills_site.Counter.objects.filter(pk=1).update(value=F("value") + 1)
"""


def test_a_writer_that_was_gone_before_the_store_came_back(tmp_path):
    (tmp_path / "redis").mkdir()
    with redis_server(tmp_path / "redis") as server:
        environment = _environment(tmp_path, server.url)
        make_site(environment)
        reader = Reader(environment)
        for path in ("/1/", "/total/", "/2/"):
            reader.until_hit(path)
        os.kill(server.pid, signal.SIGSTOP)  # with all its pages, as they are
        try:
            command = [sys.executable, "-c", WRITER_THAT_ENDS]
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
            assert reader.ask("/1/")[0] == 1
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert [reader.ask(path)[0] for path in ("/1/", "/total/")] == [1, 1]
        reader.close()


def _database(environment):
    with sqlite3.connect(f"{environment['KILLS_DIRECTORY']}/site.sqlite3") as database:
        rows = dict(database.execute("SELECT id, value FROM kills_counter"))
    return [rows[1], sum(rows.values())]
