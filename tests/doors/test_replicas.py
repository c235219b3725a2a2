"""With REPLICA_LAG, what was rendered so soon after a write is not kept."""

from __future__ import annotations

import time

import freshpage
from freshpage import runtime
from tests.doors.conftest import is_hit, status

LAG = 3600.0


def an_hour_ago() -> None:
    """The process saw the sequence as it is now, a good while ago."""
    ours = runtime.runtime()
    ours.past.before(ours.store.sequence(), time.monotonic() - 2 * LAG)


def test_a_page_rendered_soon_after_a_write_to_it_is_not_kept(make_visitor, door):
    visitor = make_visitor(door, REPLICA_LAG=LAG)
    an_hour_ago()
    visitor.get("/tagged/")
    assert is_hit(visitor.get("/tagged/"))
    freshpage.invalidate("news")
    for _ in range(2):
        answer = visitor.get("/tagged/")
        assert not is_hit(answer)
        assert "stored" not in status(answer)
    visitor.get("/page/")  # shows nothing of what was written
    assert is_hit(visitor.get("/page/"))


def test_a_process_that_has_just_begun_keeps_nothing(make_visitor, door):
    visitor = make_visitor(door, REPLICA_LAG=LAG)
    for _ in range(2):
        answer = visitor.get("/page/")
        assert not is_hit(answer)
        assert "stored" not in status(answer)
    assert answer.status_code == 200
