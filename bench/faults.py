"""Steady requests while the store is frozen, killed and restarted empty.

    python -m bench.faults [--rate 200] [--seconds 10]

gunicorn with two workers over Redis; 50 pages that take 16 ms to render. Each phase lasts so
many seconds, in which something is invalidated twice a second. There must be no answer but
200, and a p99 below five times the normal one and the store's time budget.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.crowd import machine

PAGES = 50
WRITES = 2  # a second
BUDGET = 0.15  # seconds: a connection and an answer that don't come


@dataclass
class Phase:
    """What was answered during one phase."""

    name: str
    statuses: Counter[int] = field(default_factory=Counter)
    hits: int = 0
    times: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """Seconds."""
        return sorted(self.times)[int(len(self.times) * 0.99)] if self.times else 0.0

    def __str__(self) -> str:
        told = ", ".join(f"{count} x {status}" for status, count in self.statuses.items())
        share = self.hits / max(1, len(self.times))
        median = sorted(self.times)[len(self.times) // 2] * 1e3
        figures = [f"{share:.0%}", f"{median:.0f}", f"{self.p99 * 1e3:.0f}"]
        figures.append(f"{max(self.writes, default=0.0) * 1e3:.0f}")
        return f"| {self.name} | {told} | {' | '.join(figures)} |"


class Server:
    """A Redis server that can be frozen, killed and started again on its port."""

    def __init__(self, directory: Path, port: int) -> None:
        self.port = port
        self._command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
        self._command += ["--save", "", "--dir", str(directory), "--logfile", "redis.log"]
        self.start()

    def start(self) -> None:
        """Start it, empty."""
        self._process = subprocess.Popen(self._command)

    def freeze(self) -> None:
        """Stop it in its tracks: connections stay open and nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


Plan = list[tuple[Phase, Callable[[], object]]]


async def steady(port: int, rate: int, phases: Plan, seconds: float) -> None:
    """Ask at a steady rate through some phases, each begun by an act."""
    limits = httpx.Limits(max_connections=None)
    chosen = random.Random(1)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        asked: set[asyncio.Task[None]] = set()
        for phase, begin in phases:
            begin()
            start = time.perf_counter()
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
                paths = [f"page/{chosen.randrange(PAGES)}/"]
                if number % (rate // WRITES) == 0:
                    paths.append("invalidate/")
                for path in paths:
                    url = f"http://127.0.0.1:{port}/{path}"
                    task = asyncio.create_task(_ask(client, url, phase))
                    asked.add(task)
                    task.add_done_callback(asked.discard)
        await asyncio.gather(*asked)


async def _ask(client: httpx.AsyncClient, url: str, phase: Phase) -> None:
    start = time.perf_counter()
    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        phase.statuses[0] += 1
        return
    writes = url.endswith("/invalidate/")
    (phase.writes if writes else phase.times).append(time.perf_counter() - start)
    phase.statuses[answer.status_code] += 1
    phase.hits += "; hit" in answer.headers.get("Cache-Status", "")


def run(rate: int, seconds: float) -> list[Phase]:
    """All phases, one after the other."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = Server(directory, _free_port())
        stack.callback(server.kill)
        url = f"redis://127.0.0.1:{server.port}/0"
        more = {"CROWD_RENDER": "0.016"}
        port = stack.enter_context(machine("gunicorn", url, directory / "renders", **more))
        plan: list[tuple[str, Callable[[], object]]] = [
            ("warming", lambda: None),
            ("normal", lambda: None),
            ("frozen", server.freeze),
            ("thawed", server.thaw),
            ("killed", server.kill),
            ("restarted empty", server.start),
            ("normal again", lambda: None),
        ]
        phases = [(Phase(name), act) for name, act in plan]
        asyncio.run(steady(port, rate, phases, seconds))
        return [phase for phase, _ in phases]


def _free_port() -> int:

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    phases = run(options.rate, options.seconds)
    print("| phase | answers | hits | median ms | p99 ms | slowest write ms |")
    print("|---|---|---|---|---|---|")
    for phase in phases:
        print(phase)
    normal = phases[1].p99
    worst = max(phase.p99 for phase in phases[2:])
    bound = 5 * normal + BUDGET
    print(f"worst p99 {worst * 1e3:.0f} ms, bound {bound * 1e3:.0f} ms")
    raise SystemExit(worst > bound or any(set(phase.statuses) != {200} for phase in phases))


if __name__ == "__main__":
    main()
