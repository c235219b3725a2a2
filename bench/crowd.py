"""How often a cold page is rendered that a crowd asks for at once.

    python -m bench.crowd [--crowd 200]

Real servers, with several processes each; "3 machines" are three of them that share nothing
but a Redis server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.processes import ROOT

STARTS_WITHIN = 30.0  # seconds
_GUNICORN = "gunicorn --log-level warning --bind 127.0.0.1:{port} bench.crowd_site:wsgi"
COMMANDS = {
    "gunicorn --preload": f"{_GUNICORN} --preload --workers 2 --threads 32",
    "gunicorn gevent": f"{_GUNICORN} --worker-class gevent --workers 2",
    "gunicorn": f"{_GUNICORN} --workers 2 --threads 32 --worker-class gthread",
    "uvicorn": "uvicorn --workers 2 --no-access-log --lifespan off --log-level warning"
    " --host 127.0.0.1 --port {port} bench.crowd_site:asgi",
}


@dataclass(frozen=True)
class Outcome:
    """What came of a crowd."""

    renders: int
    statuses: Counter[int]
    hits: int
    seconds: float


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def machine(server: str, store: str, log: Path, **more: str) -> Iterator[int]:
    """A server with its processes and a folder of its own; its port."""
    port = _free_port()
    program, *options = COMMANDS[server].format(port=port).split()
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ,
            **more,
            "CROWD_STORE": store,
            "CROWD_LOG": str(log),
            "CROWD_DIRECTORY": directory,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        }
        path = Path(sys.executable).with_name(program)
        command = [str(path) if path.exists() else shutil.which(program) or program, *options]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            # each worker has to be up: some ask, so that all have answered
            for _ in range(8):
                httpx.get(f"http://127.0.0.1:{port}/up/", timeout=5)
            return
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def crowd(server: str, store: str, machines: int = 1, size: int = 200) -> Outcome:
    """Ask some machines at once for a page that none has."""
    page = "page-async" if server == "uvicorn" else "page"
    with ExitStack() as stack:
        log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "renders"
        log.touch()
        ports = [stack.enter_context(machine(server, store, log)) for _ in range(machines)]
        # one host for all machines, as a balancer before them would have it
        urls = [f"http://127.0.0.1:{ports[n % machines]}/{page}/" for n in range(size)]
        start = time.perf_counter()
        answers = asyncio.run(_ask(urls))
        took = time.perf_counter() - start
        renders = len(log.read_text().splitlines())
    hits = sum("; hit" in answer.headers.get("Cache-Status", "") for answer in answers)
    return Outcome(renders, Counter(answer.status_code for answer in answers), hits, took)


async def _ask(urls: list[str]) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=None)
    headers = {"Host": "crowd.example"}
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        return await asyncio.gather(*[client.get(url, headers=headers) for url in urls])


def main() -> None:
    from tests.servers import redis_server

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--crowd", type=int, default=200)
    size = parser.parse_args().crowd
    print("| servers | store | renders | answers | hits | seconds |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory, redis_server(Path(directory)) as redis:
        for name, server, store, machines in (
            ("gunicorn, 2 workers of 32 threads", "gunicorn", "django", 1),
            ("gunicorn, 2 workers of 32 threads", "gunicorn", "sqlite", 1),
            ("uvicorn, 2 workers", "uvicorn", "sqlite", 1),
            ("gunicorn on 3 machines", "gunicorn", redis.url, 3),
            ("uvicorn on 3 machines", "uvicorn", redis.url, 3),
        ):
            with redis.client() as client:
                client.flushall()
            found = crowd(server, store, machines, size)
            told = ", ".join(f"{count} x {status}" for status, count in found.statuses.items())
            kind = "Django's file cache" if store == "django" else store.partition(":")[0]
            print(
                f"| {name} | {kind} | {found.renders} | {told} | {found.hits}"
                f" | {found.seconds:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
