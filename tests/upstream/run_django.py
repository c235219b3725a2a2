"""Runs tests of Django's own suite with freshpage's functions in place of Django's.

    python run_django.py OUTCOMES.json LABEL...

from the ``tests`` folder of Django's source distribution. OUTCOMES.json becomes
{test: ""} for each test that passed, and {test: what went wrong} for the others.
"""

from __future__ import annotations

import importlib
import json
import runpy
import sys
import unittest
from pathlib import Path
from typing import Any, ClassVar

HELPERS = (
    "add_never_cache_headers",
    "get_cache_key",
    "get_conditional_response",
    "get_max_age",
    "has_vary_header",
    "learn_cache_key",
    "patch_cache_control",
    "patch_response_headers",
    "patch_vary_headers",
)
MIDDLEWARE = ("CacheMiddleware", "FetchFromCacheMiddleware", "UpdateCacheMiddleware")
OURS = {
    "django.utils.cache": ("freshpage.headers", HELPERS),
    "django.middleware.cache": ("freshpage.compat.django", MIDDLEWARE),
    "django.views.decorators.cache": ("freshpage.compat.django", ("cache_page",)),
}


def substitute() -> None:
    """Put our names in place of Django's, also where they were imported already."""
    replaced: dict[int, Any] = {}
    for theirs, (ours, names) in OURS.items():
        for name in names:
            original = getattr(importlib.import_module(theirs), name)
            replaced[id(original)] = getattr(importlib.import_module(ours), name)
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] == "freshpage":
            continue
        for name, value in list(vars(module).items()):
            if id(value) in replaced:
                setattr(module, name, replaced[id(value)])


def check() -> None:
    """See that the tests had our names, and not Django's."""
    ours = {name: module for module, names in OURS.values() for name in names}
    for module_name in ("cache.tests", "decorators.test_cache"):
        for name, value in vars(sys.modules[module_name]).items():
            if name in ours and value.__module__ != ours[name]:
                raise AssertionError(f"{module_name} was run with Django's own {name}")


class Outcomes(unittest.TextTestResult):
    """A result that keeps what became of each test."""

    kept: ClassVar[dict[str, str]] = {}

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.kept[test.id()] = ""

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self.kept[test.id()] = self.failures[-1][1]

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self.kept[test.id()] = self.errors[-1][1]

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.kept[test.id()] = f"skipped: {reason}"

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.kept[test.id()] += f"{subtest.id()}: {self._exc_info_to_string(err, test)}"


def main(outcomes: Path, labels: list[str]) -> None:
    """Run the tests, then write what became of them."""
    from django.test.runner import DiscoverRunner

    substitute()
    DiscoverRunner.get_resultclass = lambda self: Outcomes
    sys.argv = ["runtests.py", "--parallel", "1", "--verbosity", "0", *labels]
    sys.path.insert(0, str(Path.cwd()))
    try:
        runpy.run_path("runtests.py", run_name="__main__")
    finally:
        check()
        outcomes.write_text(json.dumps(Outcomes.kept))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
