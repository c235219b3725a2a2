"""Processes of a run: each in a group of its own, on one core, and ended with its `with`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
STARTS_WITHIN = 60.0  # seconds; many start at once on one core
ENDS_WITHIN = 10.0  # seconds
_PROC = Path("/proc")


class ServerFailed(Exception):
    """A process did not come up; the message has what it said."""


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
def started(
    name: str,
    command: list[str],
    port: int,
    core: int | None,
    directory: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """A process, from when it listens at its port; with all it started it ends here.

    :raises ServerFailed: when it does not come up.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            pinned(command, core),
            env=None if environment is None else dict(environment),
            cwd=directory,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours alone, and we end them in order
        )
        try:
            if not _listens(process, port):
                log.seek(0)
                raise ServerFailed(f"{name}:\n{log.read().decode()[-2000:]}")
            yield Running(port, process.pid)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started: asked first, and then not asked."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
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


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
