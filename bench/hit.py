"""What a hot hit costs in our own code: no server, no sockets, one process.

`python -m bench.hit` prints microseconds; with `--instructions` (valgrind) how many
instructions, which no other load on the machine changes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.processes import ROOT

BROWSER = {
    "host": "127.0.0.1:8000",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "de,en;q=0.7",
    "accept-encoding": "gzip, br",
    "connection": "keep-alive",
    "cookie": "_ga=GA1.1.1234567.1234567; consent=yes",
}
CASES = ("floor", "freshpage-memory", "freshpage-sqlite", "freshpage-redis")
ASKED = ("wsgi", "asgi", "yardstick")  # the last tells how fast this Python is
BATCH, BATCHES = 250, 200  # short ones: the best of them was not disturbed
WARM, COUNTED = 50, 500  # hits before those that are counted, and these


def main() -> None:
    """Print what a hit costs at each door, with and without our front door."""
    options = _options()
    unit = "instructions" if options.instructions else "µs"
    found = {}
    for name in CASES:
        with _server(name):
            told = counts(name) if options.instructions else _other_half("--time", name).split()
        found[name] = dict(zip(ASKED, told, strict=True))
        for what, cost in found[name].items():
            print(f"{name:17} {what:9} {cost:>8} {unit}")
    if options.instructions:
        figures = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine()}
        options.into.mkdir(parents=True, exist_ok=True)
        path = options.into / "cost.json"
        path.write_text(json.dumps({**figures, unit: found}, indent=1) + "\n")


@contextmanager
def _server(case: str) -> Iterator[None]:
    """The Redis server that a case needs."""
    if not case.endswith("redis"):
        yield
        return
    from tests.servers import redis_server

    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as server:
        os.environ["BENCH_REDIS"] = server.url
        yield


def counts(name: str) -> list[int]:
    """How many instructions each of ASKED takes, for a case.

    The process is started once, and forked for each: what the children run beyond what the
    first of them did is what was counted.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
        valgrind += ["--cachegrind-out-file=/dev/null", f"--log-file={directory}/%p"]
        children = _other_half("--count", name, *valgrind).split()
        logs = [Path(directory, child).read_text() for child in children]
        found = [re.search(r"I +refs: +([\d,]+)", log) for log in logs]
        base, *each = [int(match[1].replace(",", "")) for match in found if match]
    return [round((count - base) / COUNTED) for count in each]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.hit", description=__doc__)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--time", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _other_half(what: str, name: str, *before: str) -> str:
    """Run this module's other half in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        environment = {**os.environ, "BENCH_CASE": name, "BENCH_DIRECTORY": directory}
        environment |= {"PYTHONHASHSEED": "0", "DJANGO_SETTINGS_MODULE": "bench.site"}
        command = [*before, sys.executable, "-m", "bench.hit", what]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout


# -- the other half ------------------------------------------------------------------------


def asking() -> list[Callable[[int], None]]:
    """What asks at each door, so many times."""
    return [_wsgi(), _asgi()]


def _time() -> None:
    """Microseconds each takes."""
    for ask in (*asking(), _yardstick):
        ask(2)  # a miss, and a hit
        taken = []
        for _ in range(BATCHES):
            began = time.perf_counter()
            ask(BATCH)
            taken.append((time.perf_counter() - began) / BATCH * 1e6)
        print(f"{min(taken):.2f}")


def _count() -> None:
    """A child that takes no hit but those that warm it, and one for each."""
    asked = (*asking(), _yardstick)
    for ask in asked:
        ask(2)
    gc.disable()  # one child would collect, and another not
    for counted in (None, *asked):
        child = os.fork()
        if not child:
            for ask in asked:
                ask(WARM + (COUNTED if ask is counted else 0))
            os._exit(0)
        os.waitpid(child, 0)
        print(child)


def _yardstick(count: int) -> None:
    """Some calls and look-ups such as every program makes."""
    fields = {name: len(value) for name, value in BROWSER.items()}

    def look(name: str) -> tuple[str, int]:
        return name, fields[name]

    for _ in range(count):
        for name in fields:
            look(name)


def _wsgi() -> Callable[[int], None]:
    wsgi = importlib.import_module("bench.applications").wsgi

    fixed: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    fixed |= {f"HTTP_{name.upper().replace('-', '_')}": v for name, v in BROWSER.items()}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        pass

    def ask(count: int) -> None:
        for _ in range(count):
            for _part in wsgi(fixed.copy(), start_response):
                pass

    return ask


def _asgi() -> Callable[[int], None]:
    asgi = importlib.import_module("bench.applications").asgi

    headers = [(name.encode(), value.encode()) for name, value in BROWSER.items()]
    fixed = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }

    loop = asyncio.new_event_loop()
    nothing = {"type": "http.request", "body": b"", "more_body": False}
    bodies = [nothing]

    async def receive() -> dict[str, Any]:
        return bodies.pop() if bodies else await loop.create_future()  # nobody hangs up

    async def send(message: dict[str, Any]) -> None:
        pass

    async def several(count: int) -> None:
        for _ in range(count):
            if not bodies:  # the last one was rendered
                bodies.append(nothing)
            await asgi({**fixed, "headers": headers.copy()}, receive, send)

    return lambda count: loop.run_until_complete(several(count))


if __name__ == "__main__":
    given = _options()
    if given.time:
        _time()
    elif given.count:
        _count()
    else:
        main()
