"""In a rolling deploy two builds share a store, and neither serves the other's pages."""

from __future__ import annotations

import freshpage
from tests.doors.conftest import is_hit
from tests.doors.site import PROGRAM


def test_two_builds_over_one_store(make_visitor, door):
    def show(build: str, asked: int = 1):
        PROGRAM[:] = [lambda request: f"{build} {request.GET.get('page')}"]
        visitor = make_visitor(door, BUILD=build)
        return [visitor.get("/program/?page=1") for _ in range(asked)]

    for build in ("blue", "green"):
        first, second = show(build, asked=2)
        assert not is_hit(first)
        assert is_hit(second)
        assert first.text == second.text == f"{build} 1"
    for build in ("blue", "green", "blue"):  # each finds its own again
        (answer,) = show(build)
        assert is_hit(answer)
        assert answer.text == f"{build} 1"


def test_what_one_build_invalidates_is_invalid_for_all(make_visitor, door):
    for build in ("blue", "green"):
        visitor = make_visitor(door, BUILD=build)
        visitor.get("/tagged/")
        assert is_hit(visitor.get("/tagged/"))
    freshpage.invalidate("news")
    for build in ("blue", "green"):
        assert not is_hit(make_visitor(door, BUILD=build).get("/tagged/"))


def test_without_a_name_the_code_is_the_build(make_visitor, door, settings, tmp_path):
    settings.BASE_DIR = tmp_path / "project"
    settings.BASE_DIR.mkdir()
    module = settings.BASE_DIR / "views.py"
    hits = []
    for code in ("one", "one", "other", "one"):
        module.write_text(code)
        hits.append(is_hit(make_visitor(door, BUILD="").get("/page/")))
    assert hits == [False, True, False, True]
