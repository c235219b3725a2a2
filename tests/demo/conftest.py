"""The demo site, set up once for all tests and served by its own gunicorn."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.site import EXAMPLE, PAGES, Editor, Site


def environment(var: Path, **more: str) -> dict[str, str]:
    """What serve.py is started with: this test's own folder, and no settings of other tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "DEMO_VAR": str(var), "PAGES": str(PAGES), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def set_up_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with database and pages, made by whichever test process comes first."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    var = shared / "demo"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not var.exists():
            making = shared / "demo-making"
            command = [sys.executable, str(EXAMPLE / "manage.py"), "open_town", "--pages"]
            subprocess.run([*command, str(PAGES)], env=environment(making), check=True)
            making.rename(var)
    return var


@pytest.fixture(scope="session")
def site(set_up_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running site; what a test changes in it, it changes for the tests after it."""
    var = tmp_path_factory.mktemp("site") / "var"
    shutil.copytree(set_up_once, var)
    port, log = free_port(), var / "access.log"
    started = subprocess.Popen(
        [sys.executable, str(EXAMPLE / "serve.py")],
        env=environment(var, PORT=str(port), ACCESS_LOG=str(log)),
        stdout=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    assert started.stdout is not None
    said = []
    for line in started.stdout:
        said.append(line)
        if line.startswith("Stop with"):
            break
    assert f"{address}/\n" in said, "".join(said)
    yield Site(address, var, log, "".join(said))
    started.terminate()
    started.wait(timeout=30)
    started.stdout.close()


@pytest.fixture
def editor(site: Site) -> Iterator[Editor]:
    logged_in = Editor(site)
    yield logged_in
    logged_in.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted, after pytest's own summary."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "figure" and report.when == "call":
                    terminalreporter.write_line(str(value))
