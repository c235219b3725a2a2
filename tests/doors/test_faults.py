"""Contract 4: whatever goes wrong in the cache, the visitor gets the page."""

from __future__ import annotations

import logging
import time

import pytest
from django.core.checks import run_checks

from freshpage import exchange, performing, runtime
from freshpage.stores.base import StoreError
from tests.doors.conftest import is_hit
from tests.doors.site import RENDERS

METHODS = ("pulse", "sequence", "get", "peek", "put", "delete", "standing", "invalidate", "sweep")


@pytest.fixture(autouse=True)
def _log_everything():
    performing._told.clear()


@pytest.mark.parametrize("failing", [*METHODS, "everything"])
def test_a_store_that_raises(visitor, failing, caplog):
    visitor.get("/page/")
    store = runtime.runtime().store

    def fail(*args, **kwargs):
        raise StoreError("out of order")

    for method in METHODS if failing == "everything" else (failing,):
        setattr(store, method, fail)
    for path in ("/page/", "/tagged/", "/stream/", "/validated/", "/validated/"):
        assert visitor.get(path).status_code == 200
    assert visitor.ask("/page/", "POST", content=b"x").status_code == 200


@pytest.mark.parametrize("step", ["lookup", "receive", "complete"])
def test_an_engine_that_raises(visitor, step, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise AssertionError("a mistake of ours")

    def fail_underway(*args, **kwargs):
        yield fail()

    engine = runtime.runtime().engine
    monkeypatch.setattr(engine, step, fail if step == "receive" else fail_underway)
    if step == "complete":  # what is asked where an entry can't wait for its answer
        monkeypatch.setattr(engine, "answer_first", lambda *_: None)
    for _ in range(2):
        answer = visitor.get("/page/")
        assert answer.status_code == 200
        assert answer.text.startswith("page")
    assert "a mistake of ours" in caplog.text


def test_a_request_that_cannot_be_read(visitor, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise AssertionError("unreadable")

    monkeypatch.setattr(exchange.Exchange, "__init__", fail)
    assert visitor.get("/page/").status_code == 200
    assert "unreadable" in caplog.text


def test_exceptions_of_the_view_pass_unchanged(visitor, settings):
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    with pytest.raises(ZeroDivisionError, match="the view's own"):
        visitor.get("/boom/")
    assert RENDERS["/boom/"] == 1


def test_a_malformed_header_from_a_view(visitor):
    answer = visitor.get("/malformed/")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("max-age=ten")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"DEFAULT_TLL": 5}, "did you mean 'DEFAULT_TTL'"),
        ({"DEFAULT_TTL": "soon"}, "DEFAULT_TTL"),
        ({"STORE": "rediss//nowhere"}, "rediss"),
        ({"STORE": "redis://127.0.0.1:1/0"}, "127.0.0.1"),
        ({"STORE": "sqlite:////proc/nowhere/store.sqlite3"}, "/proc/nowhere"),
    ],
)
def test_a_wrong_setting_is_told_and_the_page_served(make_visitor, door, options, said, caplog):
    visitor = make_visitor(door, **options)
    with caplog.at_level(logging.ERROR, "freshpage"):
        for _ in range(2):
            answer = visitor.get("/page/")
            assert answer.status_code == 200
            assert not is_hit(answer)
    assert said in caplog.text
    assert any(said in str(message) for message in run_checks(tags=["caches"]))


def test_a_file_that_is_no_database(make_visitor, door, tmp_path, caplog):
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, but somebody's notes\n" * 100)
    visitor = make_visitor(door, STORE=f"sqlite:///{path}")
    for _ in range(2):
        assert visitor.get("/page/").status_code == 200
    assert str(path) in caplog.text
    assert path.read_text().startswith("not a database at all")


def test_invalidations_a_store_missed_are_delivered_before_it_is_read_again(
    visitor, monkeypatch, caplog
):
    import freshpage

    former = visitor.get("/tagged/").text
    below = runtime.runtime().store.below
    kept = below.invalidate

    def fail(*args, **kwargs):
        raise StoreError("down")

    monkeypatch.setattr(below, "invalidate", fail)
    freshpage.invalidate("news")
    assert "waits for the store" in caplog.text
    assert not is_hit(visitor.get("/tagged/"))
    monkeypatch.setattr(below, "invalidate", kept)
    end = time.monotonic() + 10
    while not is_hit(answer := visitor.get("/tagged/")):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert answer.text != former
