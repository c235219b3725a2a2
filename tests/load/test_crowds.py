"""One render for a crowd, through every door (contract 6)."""

from __future__ import annotations

import pytest

import freshpage
from freshpage import runtime
from tests.doors.conftest import DOORS, is_hit
from tests.load.site import GATE, HOW, LARGE, RENDERS

CROWD = 24

every_door = pytest.mark.parametrize("door", DOORS)


def paths(door: str) -> list[str]:
    return ["/slow/", "/slow-async/"] if door.endswith("asgi") else ["/slow/"]


@every_door
def test_a_cold_page_is_rendered_once(make_crowd, door):
    crowd = make_crowd(door)
    for path in paths(door):
        GATE.clear()
        answers = crowd.ask([(path, {})] * CROWD, waiting=CROWD - 1)
        assert {answer.text for answer in answers} == {"page 1"}
        assert RENDERS[path] == 1
        assert sum(map(is_hit, answers)) == CROWD - 1


@every_door
def test_each_variant_is_rendered_once(make_crowd, door):
    """What the page varies on is only known when the first of them has been rendered."""
    crowd = make_crowd(door)
    themes = ["dark", "light", "", "dark", "light", ""] * 3
    answers = crowd.ask(
        [("/themed/", {"Cookie": f"theme={theme}; a={n}"}) for n, theme in enumerate(themes)],
        waiting=len(themes) - 1,
    )
    assert [answer.text for answer in answers] == [f"theme {theme}" for theme in themes]
    assert RENDERS["/themed/"] == 3


@every_door
def test_what_is_one_visitors_own_goes_to_nobody_else(make_crowd, door):
    crowd = make_crowd(door)
    asked = [("/mine/", {"Cookie": f"sessionid={n}"}) for n in range(6)]
    answers = crowd.ask(asked, waiting=5)
    assert len({answer.text for answer in answers}) == 6
    assert RENDERS["/mine/"] == 6
    # and nobody waits for such a page a second time
    GATE.clear()
    again = crowd.ask(asked, waiting=0)
    assert len({answer.text for answer in again}) == 6


@every_door
def test_what_can_not_be_stored_is_rendered_side_by_side(make_crowd, door):
    crowd = make_crowd(door)
    HOW["how"] = "private"
    answers = crowd.ask([("/slow/", {})] * 8, waiting=7)
    assert len({answer.text for answer in answers}) == 8
    GATE.clear()
    assert len({answer.text for answer in crowd.ask([("/slow/", {})] * 8, waiting=0)}) == 8
    HOW.clear()  # once it can be stored it is, and the next crowd waits
    assert crowd.visitor.get("/slow/").status_code == 200
    assert is_hit(crowd.visitor.get("/slow/"))
    freshpage.purge("http://testserver/slow/")
    GATE.clear()
    assert len({answer.text for answer in crowd.ask([("/slow/", {})] * 8, waiting=7)}) == 1


@every_door
def test_what_grows_too_large_is_rendered_side_by_side(make_crowd, door):
    """That it can't be stored turns out on its way; nobody waits for the rest of it."""
    crowd = make_crowd(door, MAX_BODY_BYTES=1000, WAIT=60)
    path = "/large-async/" if door.endswith("asgi") else "/large/"
    LARGE.reset()
    answers = crowd.ask([(path, {})] * 6, waiting=5)
    assert {len(answer.content) for answer in answers} == {3000}
    assert RENDERS[path] == 6
    assert not runtime.runtime().sharing.flights.under_way()


@every_door
def test_one_with_a_session_does_not_spoil_it_for_the_others(make_crowd, door):
    crowd = make_crowd(door)
    GATE.set()
    crowd.visitor.get("/mine/", Cookie="sessionid=1")
    GATE.clear()
    answers = crowd.ask([("/mine/", {})] * 8, waiting=7)
    assert len({answer.text for answer in answers}) == 1


@every_door
@pytest.mark.parametrize("how", ["raise", "500"])
def test_a_render_that_fails_holds_nobody_up(make_crowd, door, how):
    crowd = make_crowd(door)
    HOW["how"] = how
    answers = crowd.ask([("/slow/", {})] * 4, waiting=3)
    assert {answer.status_code for answer in answers} == {500}
    HOW.clear()
    GATE.clear()
    answers = crowd.ask([("/slow/", {})] * 8, waiting=7)
    assert len({answer.text for answer in answers}) == 1


@every_door
def test_nobody_waits_where_that_is_off(make_crowd, door):
    crowd = make_crowd(door, WAIT=0)
    GATE.set()
    assert len(crowd.ask([("/slow/", {})] * 3, waiting=0)) == 3


@every_door
def test_a_wait_is_bounded(make_crowd, door):
    crowd = make_crowd(door, WAIT=0.05)
    assert len(crowd.ask([("/slow/", {})] * 3, entered=3)) == 3
