"""All of django-cms's own tests, with our app installed: nothing of it is harmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cms
import pytest

from tests.upstream.sources import PROJECT, source

PARTS = 2  # run side by side
# Those of what our app takes over. The tests of the menus package are in django-cms's, too.
OURS = (
    "test_cache",
    "test_menu",
    "test_page",
    "test_placeholder_admin",
    "test_plugin_renderers",
    "test_rendering",
    "test_templatetags",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = source("django_cms", cms.__version__)
    folder = tmp_path_factory.mktemp("cms")
    labels = [f"cms.tests.{path.stem}" for path in sorted(root.glob("cms/tests/test_*.py"))]
    script = Path(__file__).with_name("run_cms.py")
    written = [folder / f"{number}.json" for number in range(PARTS)]
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(script), str(to), *labels[number::PARTS]],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(PROJECT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number, to in enumerate(written)
    ]
    said = [run.communicate()[0] for run in runs]
    found: dict[str, str] = {}
    for to, output in zip(written, said, strict=True):
        if not to.exists():
            pytest.fail(f"django-cms's tests did not run:\n{output}")
        found |= json.loads(to.read_text())
    return found


def test_django_cms_s_own_tests_pass(
    outcomes: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    passed = {test for test, fault in outcomes.items() if not fault}
    skipped = {test for test, fault in outcomes.items() if fault.startswith("skipped")}
    failed = set(outcomes) - passed - skipped
    modules = Counter(test.split(".")[2] for test in passed)
    record_property(
        "upstream",
        f"django-cms {cms.__version__}: {len(outcomes)} of its tests run, {len(passed)} passed, "
        f"{len(skipped)} skipped by themselves ("
        + ", ".join(f"{name}: {modules[name]}" for name in OURS)
        + ")",
    )
    for name in OURS:
        assert modules[name], f"nothing was run of {name}"
    assert not failed, "\n\n".join(f"{test}\n{outcomes[test]}" for test in sorted(failed))
