"""Workers killed at random points under load, and every page compared with the database.

    python -m bench.kills [--seconds 60] [--redis]

gunicorn with three workers. Some clients raise counters, others read the pages that show
them; several times a second a worker is killed with SIGKILL. A page must show at least what
a write had answered before the page was asked for; and each second all stand still, and
every page must show what is in the database.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path

import httpx

from bench.processes import ROOT

COUNTERS = 8
WORKERS = 3
SETTLES = 0.5  # seconds after which what a killed worker left behind is settled
BETWEEN = (0.02, 0.4)  # seconds between two kills

# each request on a connection of its own, so that any worker may get it
asker = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))


class Site:
    """The running site, and what is known of it."""

    def __init__(self, stack: ExitStack, store: str) -> None:
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.port = _free_port()
        environment = {
            **os.environ,
            "KILLS_STORE": store,
            "KILLS_DIRECTORY": str(self.directory),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        }
        made = [sys.executable, "-m", "bench.kills_site"]
        subprocess.run(made, cwd=ROOT, env=environment, check=True)
        path = Path(sys.executable).with_name("gunicorn")
        program = str(path) if path.exists() else shutil.which("gunicorn") or "gunicorn"
        options = (
            f"--workers {WORKERS} --threads 4 --log-level critical --bind 127.0.0.1:{self.port}"
        )
        command = [program, *options.split(), "bench.kills_site:application"]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment)
        stack.callback(self._end)
        self.least = [0] * COUNTERS  # what a write has answered
        self.lock = threading.Lock()
        self.seen: Counter[str] = Counter()
        self.stale: list[str] = []
        self.broken: list[str] = []
        self.run = threading.Event()
        self.over = threading.Event()
        self.busy = 0

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """The process ids of the workers there are."""
        listed = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line) for line in listed.stdout.split()]

    def values(self) -> list[int]:
        """What is in the database."""
        with sqlite3.connect(self.directory / "site.sqlite3", timeout=20) as database:
            return [
                row[0] for row in database.execute("SELECT value FROM kills_counter ORDER BY id")
            ]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def client(site: Site, seed: int, writes: bool) -> None:
    """Ask for pages, or raise counters, until it is over."""
    chosen = random.Random(seed)
    while not site.over.is_set():
        if not site.run.wait(0.1):
            continue
        with site.lock:
            site.busy += 1
        try:
            act(site, chosen, writes)
        finally:
            with site.lock:
                site.busy -= 1


def act(site: Site, chosen: random.Random, writes: bool) -> None:
    number = chosen.randrange(COUNTERS)
    least = site.least[number]
    how = f"/raise/{number}/?atomic={chosen.choice(['', '1'])}" if writes else f"/{number}/"
    try:
        answer = asker.get(site.url + how)
    except httpx.HTTPError:
        site.seen["cut off"] += 1  # its worker was killed
        return
    site.seen[f"{'writes' if writes else 'reads'} {answer.status_code}"] += 1
    if answer.status_code != 200:
        return
    value = int(answer.text)
    if writes:
        with site.lock:
            site.least[number] = max(site.least[number], value)
    elif value < least:
        site.stale.append(f"/{number}/ showed {value}, {least} was answered before")


def kill(site: Site, seed: int) -> None:
    """Kill a worker now and then."""
    chosen = random.Random(seed)
    while not site.over.is_set():
        time.sleep(chosen.uniform(*BETWEEN))
        workers = site.workers()
        if site.run.is_set() and len(workers) >= WORKERS:
            try:
                os.kill(chosen.choice(workers), signal.SIGKILL)
                site.seen["kills"] += 1
            except ProcessLookupError:
                continue


def stand_still(site: Site) -> None:
    """Compare every page with the database while nobody writes."""
    site.run.clear()
    while site.busy:
        time.sleep(0.01)
    time.sleep(SETTLES)
    values = site.values()
    for number, value in [*enumerate(values), ("total", sum(values))]:
        shown = _get(f"{site.url}/{number}/")
        site.seen["compared"] += 1
        if shown != str(value):
            site.stale.append(f"/{number}/ shows {shown}, the database has {value}")
    site.run.set()


def _get(url: str) -> str:
    for _ in range(50):
        try:
            return asker.get(url).text
        except httpx.HTTPError:
            time.sleep(0.05)
    return "no answer"


def run(seconds: float, store: str, seed: int = 1) -> Site:
    """Load and kills for so many seconds."""
    with ExitStack() as stack:
        site = Site(stack, store)
        _get(f"{site.url}/0/")
        threads = [threading.Thread(target=client, args=(site, seed + n, n < 3)) for n in range(6)]
        threads.append(threading.Thread(target=kill, args=(site, seed)))
        for thread in threads:
            thread.start()
        site.run.set()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(1.0)
            stand_still(site)
        site.over.set()
        for thread in threads:
            thread.join()
        site.run.clear()
        stand_still(site)
        check_file(site)
    return site


def check_file(site: Site) -> None:
    """See that the store's file is whole."""
    path = site.directory / ".freshpage" / "pages.sqlite3"
    if path.exists():
        with closing(sqlite3.connect(path, timeout=20)) as database:
            found = database.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            site.broken.append(f"{path.name}: {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--redis", action="store_true", help="a Redis server as store")
    options = parser.parse_args()
    with ExitStack() as stack:
        store = "sqlite"
        if options.redis:
            from tests.servers import redis_server

            directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            store = stack.enter_context(redis_server(directory)).url
        site = run(options.seconds, store, options.seed)
    print(", ".join(f"{count} {what}" for what, count in sorted(site.seen.items())))
    print(f"{len(site.stale)} pages out of date, {len(site.broken)} files broken")
    for line in [*site.stale[:10], *site.broken]:
        print(line)
    raise SystemExit(bool(site.stale or site.broken))


if __name__ == "__main__":
    main()
