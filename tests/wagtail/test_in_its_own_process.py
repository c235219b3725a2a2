"""The other modules here, with the settings of the Wagtail example."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]


@pytest.mark.parametrize(
    ("settings", "tests"), [("settings", "."), ("settings_without", "test_without_the_app.py")]
)
def test_the_tests_of_wagtail(
    settings: str, tests: str, record_property: Callable[[str, object], None]
) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--ds", f"tests.wagtail.{settings}"),
            *("-p", "no:cacheprovider", str(FOLDER / tests)),
        ],
        cwd=PROJECT,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    for line in run.stdout.splitlines():
        if " pages dropped, " in line or line.endswith(" passed"):
            record_property("figure", line)
