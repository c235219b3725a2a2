"""What a miss costs: a page that nobody has asked for yet, with and without freshpage, in turns.

    python -m bench.miss [--rounds 300] [--store memory] [--door wsgi] [--instructions | --profile]

For each door and store it tells the render alone, the time until the visitor has the last
byte, and the processor's time in all, until everything is stored. Of many runs the least
tenth counts: what else the machine does only ever adds to it. With `--instructions`
(valgrind) it tells how many instructions the process executes, which nothing else changes.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

DOORS, STORES = ("wsgi", "asgi"), ("memory", "sqlite", "redis")
WARM = 20
COUNTED = 10  # pages whose instructions are counted
FIELDS = {
    "host": "127.0.0.1",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "en,de;q=0.7",
    "accept-encoding": "gzip, br",
    "cookie": "_ga=GA1.1.1234567.1234567; consent=yes",
}


class Taken(NamedTuple):
    """Seconds: until the last byte was given away, and of the processor in all."""

    answered: float
    worked: float


Ask = Callable[[str], Taken]


def main() -> None:
    """Print a row for each door and store."""
    options = _options()
    if options.measure:
        return _measure(options)
    if options.instructions:
        return _instructions(options)
    print(
        "| door | store | render ms | last byte ms | more | CPU alone ms | CPU in all ms | more |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|", flush=True)
    for door in [options.door] if options.door else DOORS:
        for store in [options.store] if options.store else STORES:
            with tempfile.TemporaryDirectory(prefix="bench-") as directory, _named(store) as name:
                _other_half([*sys.argv[1:], "--door", door, "--store", store], directory, name)
    return None


def _instructions(options: argparse.Namespace) -> None:
    """Print a row for each door and store."""
    print("| door | store | render, thousands of instructions | a miss adds | |")
    print("|---|---|--:|--:|--:|", flush=True)
    for door in [options.door] if options.door else DOORS:
        for store in [options.store] if options.store else STORES:
            with tempfile.TemporaryDirectory(prefix="bench-") as directory, _named(store) as name:
                valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
                valgrind += ["--cachegrind-out-file=/dev/null", f"--log-file={directory}/%p"]
                told = _other_half(["--count", "--door", door], directory, name, *valgrind)
                logs = [Path(directory, child).read_text() for child in told.split()]
                found = [re.search(r"I +refs: +([\d,]+)", log) for log in logs]
                _, base, *each = [int(match[1].replace(",", "")) for match in found if match]
                alone, behind = [(count - base) / COUNTED / 1000 for count in each]
                more = f"{behind - alone:,.0f} | {behind / alone - 1:+.1%}"
                print(f"| {door} | {store} | {alone:,.0f} | {more} |", flush=True)


def _other_half(options: list[str], directory: str, store: str, *before: str) -> str:
    """Run this module's other half in a process of its own."""
    environment = {**os.environ, "BENCH_DIRECTORY": directory, "BENCH_STORE": store}
    environment |= {"DJANGO_SETTINGS_MODULE": "bench.miss_site", "PYTHONHASHSEED": "0"}
    command = [*before, sys.executable, "-m", "bench.miss", "--measure", *options]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    if not before:
        print(done.stdout, end="", flush=True)
    return done.stdout


@contextmanager
def _named(store: str) -> Iterator[str]:
    """What FRESHPAGE calls a store, while its server runs."""
    if store != "redis":
        yield store
        return
    from tests.servers import redis_server

    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as server:
        yield server.url


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.miss", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--door", choices=DOORS)
    parser.add_argument("--store", choices=STORES)
    parser.add_argument("--profile", action="store_true", help="where our own time goes")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


# -- the other half ------------------------------------------------------------------------


def _measure(options: argparse.Namespace) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    from tests.oracle.newsroom.writes import Newsroom

    call_command("migrate", run_syncdb=True, verbosity=0)
    Newsroom(1).fill(200)
    asking = _wsgi if options.door == "wsgi" else _asgi
    if options.count:
        return _count(asking)
    alone, behind = asking()
    pages = iter(range(10**9))
    for _ in range(WARM):
        alone("/1/")
        behind(f"/{next(pages)}/")
    if options.profile:
        return _profile(behind, pages)
    gc.collect()
    gc.disable()
    found: list[tuple[Taken, Taken]] = []
    for number in range(options.rounds):
        if number % 20 == 0:
            gc.collect()
        found.append((alone("/1/"), behind(f"/{next(pages)}/")))
    (render, cpu), (answered, worked) = map(_least, zip(*found, strict=True))
    print(
        f"| {options.door} | {options.store} "
        f"| {render * 1e3:.2f} | {answered * 1e3:.2f} | {answered / render - 1:+.1%} "
        f"| {cpu * 1e3:.2f} | {worked * 1e3:.2f} | {worked / cpu - 1:+.1%} |",
        flush=True,
    )
    return None


def _count(asking: Callable[[], tuple[Ask, Ask]]) -> None:
    """A child that takes no more pages than warm it, one that renders some, and one that has
    some more behind the door.
    """
    from django.db import connections

    connections.close_all()
    for child_number, which in enumerate((None, None, 0, 1)):  # the first makes the store
        child = os.fork()
        if not child:
            both = asking()
            pages = iter(range(child_number * 10**6, 10**9))  # that no other has asked for
            for _ in range(3):
                both[0]("/1/")
                both[1](f"/{next(pages)}/")
            gc.collect()
            gc.disable()
            for _ in range(COUNTED if which is not None else 0):
                both[which or 0](f"/{next(pages)}/")
            os._exit(0)
        os.waitpid(child, 0)
        print(child)


def _least(column: tuple[Taken, ...]) -> Taken:
    """The mean of the least tenth, of each figure for itself."""
    count = max(1, len(column) // 10)
    return Taken(*(sum(sorted(each)[:count]) / count for each in zip(*column, strict=True)))


def _profile(behind: Ask, pages: Iterator[int]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(200):
        behind(f"/{next(pages)}/")
    profile.disable()
    found = pstats.Stats(profile)
    found.sort_stats("tottime").print_stats("freshpage/", 45)
    found.sort_stats("cumtime").print_stats("freshpage/", 70)


def _wsgi() -> tuple[Ask, Ask]:
    from django.core.wsgi import get_wsgi_application

    from freshpage.wsgi import PageCache

    application: Any = get_wsgi_application()
    fixed: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
    }
    fixed |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in FIELDS.items()}

    def asking(application: Any) -> Ask:
        def ask(path: str) -> Taken:
            environ = {**fixed, "PATH_INFO": path}
            began, cpu = time.perf_counter(), time.process_time()
            parts = application(environ, lambda *_: None)
            for _ in parts:
                pass
            answered = time.perf_counter() - began
            if hasattr(parts, "close"):
                parts.close()
            return Taken(answered, time.process_time() - cpu)

        return ask

    return asking(application), asking(PageCache(application))


def _asgi() -> tuple[Ask, Ask]:
    from django.core.asgi import get_asgi_application

    from freshpage.asgi import PageCache

    application: Any = get_asgi_application()
    headers = [(name.encode(), value.encode()) for name, value in FIELDS.items()]
    fixed = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    loop = asyncio.new_event_loop()
    gone = loop.create_future()  # never: nobody hangs up

    async def one(application: Any, path: str) -> Taken:
        bodies = [{"type": "http.request", "body": b"", "more_body": False}]
        ended: list[float] = []

        async def receive() -> Any:
            return bodies.pop() if bodies else await asyncio.shield(gone)

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended.append(time.perf_counter())

        scope = {**fixed, "path": path, "raw_path": path.encode(), "headers": headers.copy()}
        began, cpu = time.perf_counter(), time.process_time()
        await application(scope, receive, send)
        return Taken(ended[-1] - began, time.process_time() - cpu)

    def asking(application: Any) -> Ask:
        return lambda path: loop.run_until_complete(one(application, path))

    return asking(application), asking(PageCache(application))


if __name__ == "__main__":
    main()
