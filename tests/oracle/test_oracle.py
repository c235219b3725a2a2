"""After every write each page is either what a render would give now, or dropped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from freshpage.tracking.database import watch_database
from tests.oracle.keeping import TAGS, Kept
from tests.oracle.newsroom.pages import all_pages
from tests.oracle.newsroom.writes import Newsroom

KINDS = [
    "edit_text", "new_article", "move", "rename", "delete", "bulk_update", "raw", "rollback",
    *(write.__name__ for write in Newsroom(0).others),
]  # fmt: skip


class Oracle(RuleBasedStateMachine):
    """A small site, and a stream of writes that hypothesis makes up."""

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed: int) -> None:
        TAGS.start_over()
        call_command("flush", interactive=False, verbosity=0)
        self.newsroom = Newsroom(seed)
        self.newsroom.fill(30)
        self.pages = {name: Kept(render) for name, render in all_pages().items()}
        self.last = ""

    @rule(kind=st.sampled_from(KINDS))
    def write(self, kind: str) -> None:
        self.newsroom.write(kind)
        self.last = kind

    @invariant()
    def every_page_is_right_or_dropped(self) -> None:
        for name, page in getattr(self, "pages", {}).items():
            if page.fresh:
                assert page.right, f"{name} is stale after {self.last}"
            else:
                page.fill()


@pytest.fixture(autouse=True)
def tags(transactional_db: None) -> Iterator[None]:
    before = watch_database(lambda: [TAGS])
    yield
    watch_database(before)


class TestOracle(Oracle.TestCase):  # type: ignore[misc, name-defined]
    settings = settings(
        max_examples=3, stateful_step_count=8, deadline=None, phases=[Phase.generate]
    )
