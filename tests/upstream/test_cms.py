"""django-cms's own tests of its page cache, and of what else our app has a hand in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cms
import pytest

from tests.upstream.sources import PROJECT, source

LABELS = (
    "cms.tests.test_cache",
    "cms.tests.test_page",
    # placeholders and menus
    "cms.tests.test_menu",
    "cms.tests.test_plugin_renderers",
    "cms.tests.test_rendering",
    "cms.tests.test_templatetags",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = source("django_cms", cms.__version__)
    written = tmp_path_factory.mktemp("cms") / "outcomes.json"
    script = Path(__file__).with_name("run_cms.py")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(written), *LABELS],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if not written.exists():
        pytest.fail(f"django-cms's tests did not run:\n{run.stdout}\n{run.stderr}")
    found: dict[str, str] = json.loads(written.read_text())
    return found


def test_django_cms_s_own_tests_pass(
    outcomes: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    passed = {test for test, fault in outcomes.items() if not fault}
    skipped = {test for test, fault in outcomes.items() if fault.startswith("skipped")}
    failed = set(outcomes) - passed - skipped
    of_the_caches = [test for test in passed if test.startswith("cms.tests.test_cache.")]
    record_property(
        "upstream",
        f"django-cms {cms.__version__}: {len(outcomes)} of its tests run, {len(passed)} passed "
        f"({len(of_the_caches)} of test_cache.py), {len(skipped)} skipped by themselves",
    )
    for label in LABELS:
        assert any(test.startswith(label) for test in outcomes), f"nothing was run of {label}"
    assert not failed, "\n\n".join(f"{test}\n{outcomes[test]}" for test in sorted(failed))
