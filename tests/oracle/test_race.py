"""Readers and writers at once: no answer is older than a commit that had returned."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import redis_server

ROOT = Path(__file__).resolve().parent.parent.parent


def race(store: str, processes: int) -> str:
    command = [sys.executable, "-m", "tests.oracle.race", "--store", store, "--steps", "30"]
    ended = subprocess.run(
        [*command, "--processes", str(processes)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize(("store", "processes"), [("memory", 1), ("sqlite", 1), ("sqlite", 2)])
def test_threads_and_processes(store: str, processes: int) -> None:
    assert ", 0 wrong" in race(store, processes)


def test_processes_that_share_redis(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        assert ", 0 wrong" in race(server.url, 2)
