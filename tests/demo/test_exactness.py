"""A change drops the pages that show it, and no others: counted over all pages of the demo."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.conftest import environment
from tests.demo.site import PAGES

SCRIPT = Path(__file__).parents[2] / "bench" / "exactness.py"
HIDDEN = ("a draft begun", "a draft saved", "a draft archived")
SHOWN = (
    "a text published",
    "a menu title published",
    "a page moved",
    "a translation deleted",
    "a page made private",
    "an alias edited",
)


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """By change: pages dropped, pages whose bytes changed, and those that were not dropped."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", "--pages", str(PAGES)],
        env=environment(tmp_path_factory.mktemp("exactness")),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, list[int]] = json.loads(done.stdout)["changes"]
    return told


@pytest.mark.parametrize("change", SHOWN)
def test_a_change_drops_what_shows_it(
    counts: dict[str, list[int]], change: str, record_property: Callable[[str, object], None]
) -> None:
    dropped, changed, stale = counts[change]
    record_property("figure", f"{change}: {dropped} pages dropped, {changed} changed")
    assert stale == 0
    assert changed > 0
    assert dropped / changed <= 1.1


@pytest.mark.parametrize("change", HIDDEN)
def test_what_nobody_sees_drops_nothing(
    counts: dict[str, list[int]], change: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("figure", f"{change}: {counts[change][0]} pages dropped")
    assert counts[change] == [0, 0, 0]
