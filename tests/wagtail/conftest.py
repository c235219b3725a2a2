"""The example's site, as it was written, for every test.

These tests have settings of their own: test_in_its_own_process.py runs them. Those whose names
begin so are of the others.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings

HAS_WAGTAIL = "wagtail" in django_settings.INSTALLED_APPS
collect_ignore_glob = ["test_in_*.py"] if HAS_WAGTAIL else ["test_[!i]*.py"]
if "freshpage.integrations.wagtail" in django_settings.INSTALLED_APPS:
    collect_ignore_glob.append("test_without_*.py")

EXAMPLE = Path(__file__).parents[2] / "example_wagtail"


@pytest.fixture(scope="session")
def written(django_db_blocker, tmp_path_factory) -> Iterator[sqlite3.Connection]:
    """The database with the example's pages in it, written once."""
    from django.db import connection
    from django.test.utils import setup_databases
    from valley.content import build

    kept = sqlite3.connect(":memory:")
    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False)
        django_settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")
        build()
        connection.connection.backup(kept)
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def known() -> list[bool]:
    """Not empty once every kind of page was rendered."""
    return []


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Path:
    """One for all tests: what their pages ask of the data need be noted only once."""
    return tmp_path_factory.mktemp("store") / "store.sqlite3"


@pytest.fixture
def at_a_site(written, store, settings, tmp_path, django_db_blocker) -> Iterator[None]:
    """The pages as they were written, and an empty store."""
    from django.core.cache import cache
    from django.db import connection

    from freshpage import purge, runtime

    settings.MEDIA_ROOT = shutil.copytree(settings.MEDIA_ROOT, tmp_path / "media")
    settings.FRESHPAGE = {
        "STORE": f"sqlite:///{store}",
        "CACHE_STATUS_DETAIL": True,
        "BUILD": "tests",
        "JITTER": 0,
    }
    runtime.reset()
    cache.clear()
    with django_db_blocker.unblock():
        written.backup(connection.connection)
        purge(everything=True)
        yield
    runtime.reset()


@pytest.fixture
def valley(at_a_site, known):
    """The site behind the WSGI door."""
    from tests.wagtail.valley_site import ValleySite

    site = ValleySite()
    if not known:
        # What is shown of a row is known to those who write it from the second render on.
        site.render_all()
        known.append(True)
    return site


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The example, served as `make demo-wagtail` serves it."""
    from tests.demo.conftest import free_port

    port = free_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    served = subprocess.Popen(
        [sys.executable, str(EXAMPLE / "serve.py")],
        env={**kept, "DEMO_VAR": str(tmp_path / "var"), "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert served.stdout is not None
    said = []
    for line in served.stdout:
        said.append(line)
        if line.startswith("Stop with"):
            break
    assert f"http://127.0.0.1:{port}/en/\n" in said, "".join(said)
    yield f"http://127.0.0.1:{port}"
    served.terminate()
    served.wait(timeout=30)
    served.stdout.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "figure" and report.when == "call":
                    terminalreporter.write_line(str(value))
