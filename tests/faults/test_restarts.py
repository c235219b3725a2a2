"""Servers that are restarted under requests: nobody is turned away, and what is stored stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bench.crowd import _free_port, _wait_for

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "gunicorn": "gunicorn --workers 2 --threads 4 --log-level warning --bind 127.0.0.1:{port}"
    " --pid {directory}/pid bench.crowd_site:wsgi",
    "uvicorn": "uvicorn --reload --reload-dir {directory}/code --no-access-log --lifespan off"
    " --log-level warning --host 127.0.0.1 --port {port} bench.crowd_site:asgi",
}
LAST = 20.0  # seconds


@contextmanager
def running(name: str, directory: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server, and where it is asked."""
    port = _free_port()
    program, *options = COMMANDS[name].format(port=port, directory=directory).split()
    path = Path(sys.executable).with_name(program)
    environment = {
        **os.environ,
        "CROWD_STORE": "sqlite",
        "CROWD_LOG": str(directory / "renders"),
        "CROWD_RENDER": "0",
        "CROWD_DIRECTORY": str(directory),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    command = [str(path) if path.exists() else shutil.which(program) or program, *options]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait()


def children(process: subprocess.Popen[bytes]) -> set[str]:
    listed = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
    )
    return set(listed.stdout.split())


def restart(name: str, directory: Path, process: subprocess.Popen[bytes]) -> None:
    if name == "gunicorn":
        process.send_signal(signal.SIGHUP)
    else:
        (directory / "code" / "some.py").touch()


@pytest.mark.parametrize("name", ["gunicorn", "uvicorn"])
def test_restarted_under_requests(tmp_path, name):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "some.py").touch()
    path = "/page/" if name == "gunicorn" else "/page-async/"
    with running(name, tmp_path) as (url, process):

        def ask() -> str:
            answer = httpx.get(url + path, timeout=LAST)
            assert answer.status_code == 200
            return answer.headers["Cache-Status"]

        wait_for(lambda: "; hit" in ask())
        renders = (tmp_path / "renders").read_text()
        before = children(process)
        restart(name, tmp_path, process)
        # one child of uvicorn's is no server, and stays
        wait_for(lambda: ask() and before - children(process))
        assert "; hit" in ask()
        assert (tmp_path / "renders").read_text() == renders
    left = {file.name.partition("-")[0] for file in (tmp_path / ".freshpage").iterdir()}
    assert left <= {"pages.sqlite3", "ledger"}


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + LAST
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
