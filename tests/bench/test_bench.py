"""The benchmark's servers start and answer rightly; how fast is not looked at here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.cases import CASES, DJANGO, FLOOR, Case
from bench.load import Measured, Page, Wrong, wrk_is_there
from bench.machine import in_words, machine
from bench.plot import bars, hits_plot, lines
from bench.processes import ROOT, Cores, ServerFailed
from bench.report import DOCS, kept, pages
from bench.rows import row_table, rows
from bench.servers import SERVERS, missing, redis_server, running

EACH_ONCE = [*zip(SERVERS, ["freshpage-sqlite", "freshpage-memory"] * 2, strict=True)]
EACH_ONCE += [("granian WSGI", name) for name in CASES if ("granian WSGI", name) not in EACH_ONCE]


@pytest.fixture
def wrk():
    if not wrk_is_there():
        assert os.environ.get("CI") != "true", "wrk is missing"
        pytest.skip("wrk is not there (Debian: apt install wrk)")


@pytest.mark.parametrize(("server", "name"), EACH_ONCE)
def test_every_answer_under_load_is_right(server, name, tmp_path, wrk):
    case = CASES[name]
    if program := missing(case):
        assert os.environ.get("CI") != "true", f"{program} is missing"
        pytest.skip(f"{program} is not there")
    with ExitStack() as stack:
        redis = None
        if "redis" in case.needs:
            redis = stack.enter_context(redis_server(None, tmp_path)).port
        started = stack.enter_context(running(server, case, None, tmp_path, redis))
        measured = Page(case, started, None).load(1)
    assert measured.rate > 0


def test_an_answer_that_is_no_hit_is_told(tmp_path):
    promised = Case("no-cache", "", hit=("Cache-Status", "freshpage; hit"))
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


def rates(*given):
    return [Measured(rate, p99=rate, cpu=None) for rate in given]


def test_ratios_are_taken_within_a_round():
    made = rows(
        {
            "granian WSGI": {
                FLOOR: rates(1000, 100, 2000),  # the machine was busy in the second round
                DJANGO: rates(100, 10, 180),
                "freshpage-memory": rates(800, 85, 2000),
            },
            "uvicorn": {"freshpage-memory": rates(3)},
        }
    )
    assert [(r.rate, r.of_floor, r.of_django) for r in made] == [
        (1000, (1, 1, 1), (10, 10, 11.1111)),
        (100, (0.1, 0.09, 0.1), (1, 1, 1)),
        (800, (0.85, 0.8, 1), (8.5, 8, 11.1111)),
        (3, None, None),
    ]
    table = row_table([asdict(row) for row in made])
    assert (
        "| granian WSGI | freshpage, memory | 800 |  | 0.85 (0.80–1.00) | 8.5 (8.0–11) |" in table
    )


def test_plots_are_drawings():
    row = {"server": "uvicorn", "case": "freshpage-memory", "of_floor": (0.9, 0.8, 1)}
    for plot in (
        hits_plot([row]),
        bars("bars", {}),
        lines("a < b", "pages", {"SIEVE": [(10, 0.5), (1000, 0.7)], "LRU": [(10, 0.4)]}),
    ):
        drawing = ElementTree.fromstring(plot)
        assert drawing.tag.endswith("svg")
        assert "prefers-color-scheme: dark" in plot


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_running_when_it_is_stopped(how, tmp_path, wrk):
    command = [sys.executable, "-m", "bench.run", "--servers", "granian WSGI"]
    command += ["--cases", "floor", "no-cache", "--minutes", "2", "--into", str(tmp_path)]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "BENCH_TEST": str(tmp_path),  # by which its processes are found
    }
    run = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    first = run.stderr.readline()
    assert "round 1" in first
    assert len(mine(tmp_path)) > 1
    run.send_signal(how)
    _, rest = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "stopped" in rest
    assert mine(tmp_path) == []


def mine(mark):
    """The processes that have a mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"BENCH_TEST={mark}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:  # it has ended
            continue
    return found


def test_the_machine_is_told():
    told = in_words(machine())
    assert f"{os.cpu_count()} × " in told
    assert "gunicorn" in told


def test_the_page_about_performance_is_made_from_the_figures():
    for name, text in pages(kept()).items():
        assert (DOCS / name).read_text() == text, f"docs/{name}: run python -m bench.report"


def test_what_was_missed_is_told():
    row = {"server": "uvicorn", "case": "freshpage-memory", "rate": 1, "cpu": None}
    row |= {"of_floor": (0.46, 0.4, 0.5), "of_django": (50, 40, 60), "of_varnish": None}
    hits = {"rows": [row], "rounds": {"uvicorn": 3}, "seconds": 1, "left_out": {}}
    page = pages({"hits": hits | {"machine": machine(), "date": "2026-11-25"}})["performance.md"]
    assert "| uvicorn | of the floor | 0.92 | 0.46 (0.40–0.50) | **missed** by 50% |" in page
    assert "| 45 | 50 (40–60) | reached, but rounds differ more than that |" in page
