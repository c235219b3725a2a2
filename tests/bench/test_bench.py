"""The benchmark's servers start and answer rightly; how fast is not looked at here."""

from __future__ import annotations

import os

import pytest

from bench.cases import CASES, DJANGO, FLOOR, Case
from bench.load import Measured, Page, Wrong, wrk_is_there
from bench.report import in_words, machine, rows, table
from bench.servers import SERVERS, Cores, ServerFailed, running

EACH_ONCE = [*zip(SERVERS, ["freshpage-sqlite", "freshpage-memory"] * 2, strict=True)]
EACH_ONCE += [("granian WSGI", name) for name in (FLOOR, "no-cache", DJANGO)]


@pytest.fixture
def wrk():
    if not wrk_is_there():
        assert os.environ.get("CI") != "true", "wrk is missing"
        pytest.skip("wrk is not there (Debian: apt install wrk)")


@pytest.mark.parametrize(("server", "name"), EACH_ONCE)
def test_every_answer_under_load_is_right(server, name, tmp_path, wrk):
    with running(server, CASES[name], None, tmp_path) as started:
        measured = Page(CASES[name], started, None).load(1)
    assert measured.rate > 0


def test_an_answer_that_is_no_hit_is_told(tmp_path):
    promised = Case("no-cache", "", hit="freshpage; hit")
    with (
        running("granian WSGI", CASES["no-cache"], None, tmp_path) as started,
        pytest.raises(Wrong, match="Cache-Status is ''"),
    ):
        Page(promised, started, None)


def test_a_page_that_is_rendered_under_load_is_told(tmp_path, wrk):
    promised = Case("no-cache", "")
    with running("granian WSGI", CASES["no-cache"], None, tmp_path) as started:
        page = Page(promised, started, None)
        with pytest.raises(Wrong, match="rendered under load"):
            page.load(1)


def test_a_server_that_does_not_start_is_told_with_what_it_said(tmp_path):
    unknown = Case("nobody knows this", "")
    with (
        pytest.raises(ServerFailed, match="KeyError: 'nobody knows this'"),
        running("uvicorn", unknown, None, tmp_path),
    ):
        pass


def test_load_and_server_have_a_core_each_or_none():
    cores = Cores.of_this_machine()
    assert cores.server is None or cores.server != cores.load


def test_ratios_are_of_the_medians_on_the_same_server():
    def rates(*given):
        return [Measured(rate, p99=rate, cpu=None) for rate in given]

    made = rows(
        {
            "granian WSGI": {
                FLOOR: rates(900, 1000, 5000),
                DJANGO: rates(100, 10, 1000),
                "freshpage-memory": rates(800, 1, 900),
            },
            "uvicorn": {"freshpage-memory": rates(3)},
        }
    )
    assert [(r.rate, r.of_floor, r.of_django) for r in made] == [
        (1000, 1.0, 10.0),
        (100, 0.1, 1.0),
        (800, 0.8, 8.0),
        (3, None, None),
    ]
    assert "| granian WSGI | freshpage, memory | 800 |  | 0.80 | 8.0× |" in table(made)


def test_the_machine_is_told():
    told = in_words(machine())
    assert f"{os.cpu_count()} × " in told
    assert "gunicorn" in told
