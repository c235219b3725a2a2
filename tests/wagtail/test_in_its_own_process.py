"""The other modules here, with the settings of the Wagtail example."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]


def test_the_tests_of_wagtail(record_property: Callable[[str, object], None]) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "--ds", "tests.wagtail.settings"),
            *("-p", "no:cacheprovider", str(FOLDER)),
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
