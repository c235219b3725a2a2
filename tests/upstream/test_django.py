"""Django's own tests of HTTP caching, with our drop-ins and helpers in place of Django's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import django
import pytest

from tests.upstream.sources import PROJECT, source

LABELS = (
    # what the drop-ins promise
    "cache.tests.CacheUtils",
    "cache.tests.PrefixedCacheUtils",
    "cache.tests.CacheHEADTest",
    "cache.tests.CacheI18nTest",
    "cache.tests.PrefixedCacheI18nTest",
    "cache.tests.CacheMiddlewareTest",
    "cache.tests.TestWithTemplateResponse",
    "decorators.test_cache",
    "decorators.test_vary",
    # what else stands on the helpers
    "conditional_processing",
    "decorators.test_http",
    "middleware.tests.ConditionalGetMiddlewareTest",
    "template_tests.test_response.CacheMiddlewareTest",
)

# What asserts an exact key or an attribute that is internal: {test: why it does not apply}.
NOT_APPLICABLE: dict[str, str] = {}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    tests = source("django", django.__version__) / "tests"
    written = tmp_path_factory.mktemp("django") / "outcomes.json"
    script = Path(__file__).with_name("run_django.py")
    env = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    env.pop("DJANGO_SETTINGS_MODULE", None)
    run = subprocess.run(
        [sys.executable, str(script), str(written), *LABELS],
        cwd=tests,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if not written.exists():
        pytest.fail(f"Django's tests did not run:\n{run.stdout}\n{run.stderr}")
    found: dict[str, str] = json.loads(written.read_text())
    return found


def test_djangos_own_tests_pass(
    outcomes: dict[str, str], record_property: Callable[[str, object], None]
) -> None:
    passed = {test for test, fault in outcomes.items() if not fault}
    failed = {test: fault for test, fault in outcomes.items() if fault}
    record_property(
        "upstream",
        f"Django {django.__version__}: {len(outcomes)} of its tests run, {len(passed)} passed, "
        f"{len(NOT_APPLICABLE)} not applicable",
    )
    for label in LABELS:
        assert any(test.startswith(label) for test in outcomes), f"nothing was run of {label}"
    unexpected = {test: fault for test, fault in failed.items() if test not in NOT_APPLICABLE}
    assert not unexpected, "\n\n".join(f"{test}\n{fault}" for test, fault in unexpected.items())


def test_what_does_not_apply_still_fails(outcomes: dict[str, str]) -> None:
    """A listed test that passes, or is no more, must leave the list."""
    assert not [test for test in NOT_APPLICABLE if not outcomes.get(test)]
