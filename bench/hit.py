"""What a hot hit costs in our own code: no server, no sockets, one process.

`python -m bench.hit` prints microseconds; with `--instructions` (valgrind) how many
instructions, which no other load on the machine changes.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

BROWSER = {
    "host": "127.0.0.1:8000",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "de,en;q=0.7",
    "accept-encoding": "gzip, br",
    "connection": "keep-alive",
    "cookie": "_ga=GA1.1.1234567.1234567; consent=yes",
}
BATCH, BATCHES = 250, 200  # short ones: the best of them was not disturbed
FEW, MANY = 200, 1200  # hits, counted by their difference


def main() -> None:
    """Print what a hit costs at each door, with and without our front door."""
    options = _options()
    for door in ("wsgi", "asgi"):
        for name in ("floor", "freshpage-memory", "freshpage-sqlite"):
            if options.only and options.only not in f"{door} {name}":
                continue
            what = f"{door:5} {name:17}"
            if options.instructions:
                counted = [_instructions(door, name, count) for count in (FEW, MANY)]
                print(f"{what} {(counted[1] - counted[0]) / (MANY - FEW):8.0f} instructions")
            else:
                taken = _run(door, name, 0)
                print(f"{what} {float(taken):8.2f} µs")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.hit", description=__doc__)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--only", help="part of a door's and case's name")
    parser.add_argument("--hits", nargs=3, metavar=("DOOR", "CASE", "COUNT"))
    return parser.parse_args()


def _run(door: str, name: str, count: int, *before: str) -> str:
    """Run this module's other half in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        environment = {**os.environ, "BENCH_CASE": name, "BENCH_DIRECTORY": directory}
        environment |= {"PYTHONHASHSEED": "0", "DJANGO_SETTINGS_MODULE": "bench.site"}
        command = [*before, sys.executable, "-m", "bench.hit", "--hits", door, name, str(count)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr if before else done.stdout


def _instructions(door: str, name: str, count: int) -> int:
    told = _run(door, name, count, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    found = re.search(r"Collected : (\d+)", told)
    assert found is not None, told
    return int(found[1])


# -- the other half ------------------------------------------------------------------------


def hits(door: str, count: int) -> float:
    """Take so many hits, or as many as a steady time needs; microseconds each."""
    ask = _wsgi() if door == "wsgi" else _asgi()
    ask(2)  # a miss, and a hit
    if count:
        ask(count)
        return 0.0
    taken = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        ask(BATCH)
        taken.append((time.perf_counter() - began) / BATCH * 1e6)
    return min(taken)


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
    gone = loop.create_future()  # never: nobody hangs up
    bodies = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        return bodies.pop() if bodies else await gone

    async def send(message: dict[str, Any]) -> None:
        pass

    async def several(count: int) -> None:
        for _ in range(count):
            await asgi({**fixed, "headers": headers.copy()}, receive, send)

    return lambda count: loop.run_until_complete(several(count))


if __name__ == "__main__":
    given = _options().hits
    if given is None:
        main()
    else:
        print(hits(given[0], int(given[2])))
