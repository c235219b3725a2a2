"""The servers, each with one worker on one core."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case

ROOT = Path(__file__).parent.parent
STARTS_WITHIN = 30.0  # seconds
_PROC = Path("/proc")

_GRANIAN = (
    "granian --workers 1 --runtime-threads 1 --blocking-threads 1 --http 1 --no-ws"
    " --loop uvloop --log-level warning --host 127.0.0.1 --port {port}"
)
SERVERS = {
    "gunicorn gthread": (
        "gunicorn --workers 1 --worker-class gthread --threads 4 --keep-alive 60"
        " --log-level warning --bind 127.0.0.1:{port} bench.applications:wsgi"
    ),
    "granian WSGI": f"{_GRANIAN} --interface wsgi bench.applications:wsgi",
    "granian ASGI": f"{_GRANIAN} --interface asginl bench.applications:asgi",
    "uvicorn": (
        "uvicorn --workers 1 --loop uvloop --http httptools --no-access-log --lifespan off"
        " --log-level warning --host 127.0.0.1 --port {port} bench.applications:asgi"
    ),
}


class ServerFailed(Exception):
    """A server did not come up; the message has what it said."""


@dataclass(frozen=True)
class Cores:
    """Where server and load run; None: where the system likes."""

    server: int | None
    load: int | None

    @classmethod
    def of_this_machine(cls) -> Cores:
        """Two different ones, where there are two and a way to choose."""
        if shutil.which("taskset") is None or not hasattr(os, "sched_getaffinity"):
            return cls(None, None)
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[-1]) if len(cores) > 1 else cls(None, None)


@dataclass(frozen=True)
class Running:
    """A server that answers at a port; ``pid`` is its first process."""

    port: int
    pid: int

    def cpu_seconds(self) -> float | None:
        """What it has used of its core so far, children too; None: the system can't tell."""
        if not _PROC.is_dir():
            return None
        found = dict(filter(None, map(_stat, _PROC.glob("[0-9]*/stat"))))
        family, ticks = {self.pid}, 0
        for pid in sorted(found):  # a child's number is the higher one, but for an overflow
            parent, used = found[pid]
            if pid in family or parent in family:
                family.add(pid)
                ticks += used
        return ticks / os.sysconf("SC_CLK_TCK")


def _stat(path: Path) -> tuple[int, tuple[int, int]] | None:
    """(pid, (parent, ticks used)) of a process; None when it has ended."""
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(path.parent.name), (int(fields[1]), int(fields[11]) + int(fields[12]))


def pinned(command: list[str], core: int | None) -> list[str]:
    """A command that runs on one core."""
    return command if core is None else ["taskset", "--cpu-list", str(core), *command]


@contextmanager
def running(server: str, case: Case, core: int | None, directory: Path) -> Iterator[Running]:
    """A server for one case, from when it answers.

    :raises ServerFailed: when it does not come up.
    """
    port = _free_port()
    name, *arguments = SERVERS[server].format(port=port).split()
    command = [sys.executable, "-m", name, *arguments]
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "BENCH_CASE": case.name,
        "BENCH_DIRECTORY": str(directory),
        "DJANGO_SETTINGS_MODULE": "bench.site",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            pinned(command, core), env=environment, cwd=directory, stdout=log, stderr=log
        )
        try:
            if not _answers(process, port):
                log.seek(0)
                raise ServerFailed(f"{server} for {case.name}:\n{log.read().decode()[-2000:]}")
            yield Running(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until somebody listens."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
