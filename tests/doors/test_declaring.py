"""What views, templates, threads and tasks say of the page they make."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django import template
from django.http import HttpResponse
from django.template import Context, Engine
from django.utils import timezone

import freshpage
from freshpage.decorators import page_cache
from tests.doors.conftest import is_hit, status
from tests.doors.site import PROGRAM, RENDERS

PAGE = "/program/"


@pytest.fixture
def show(make_visitor, door):
    """Has the page do something; then a visitor."""

    def make(program, **options):
        PROGRAM[:] = [program]
        return make_visitor(door, CACHE_STATUS_DETAIL=True, **options)

    return make


def saying(*words, then="page"):
    """A page that says something first."""

    def program(request):
        for word in words:
            word()
        return then

    return program


# a way in which a render calls what is said
def directly(say):
    return saying(say)


def in_a_template(say):
    library = template.Library()
    library.simple_tag(lambda: say() or "", name="say")
    engine = Engine()
    engine.template_libraries["saying"] = library
    engine.template_builtins.append(library)
    page = engine.from_string("{% say %}page")
    return lambda request: page.render(Context())


def in_a_thread(say):
    def program(request):
        thread = threading.Thread(target=copy_context().run, args=[say])
        thread.start()
        thread.join()
        return "page"

    return program


def in_a_task(say):
    async def program(request):
        await asyncio.gather(asyncio.to_thread(say), sync_to_async(lambda: None)())
        return "page"

    return program


def behind_sync_to_async(say):
    async def program(request):
        await sync_to_async(say)()
        return "page"

    return program


WAYS = {
    directly: PAGE,
    in_a_template: PAGE,
    in_a_thread: PAGE,
    in_a_task: "/program-async/",
    behind_sync_to_async: "/program-async/",
}
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@every_way
def test_a_tag(show, way):
    visitor, page = show(way(lambda: freshpage.tag("menu", 7))), WAYS[way]
    for tag in ("menu", 7):
        visitor.get(page)
        assert is_hit(visitor.get(page))
        freshpage.invalidate("other")
        assert is_hit(visitor.get(page))
        freshpage.invalidate(tag)
        assert not is_hit(visitor.get(page))


@every_way
def test_private(show, way):
    visitor, page = show(way(lambda: freshpage.private("his-basket"))), WAYS[way]
    for _ in range(2):
        assert 'detail="his-basket"' in status(visitor.get(page))


@every_way
@pytest.mark.parametrize(
    ("said", "one", "other", "vary"),
    [
        ({"headers": ["X-Kind"]}, {"X_Kind": "a"}, {"X_Kind": "b"}, "X-Kind"),
        ({"headers": "x-kind"}, {"X_Kind": "a"}, {}, "X-Kind"),
        ({"cookies": "theme"}, {"Cookie": "theme=a"}, {"Cookie": "theme=b"}, "Cookie"),
    ],
)
def test_vary_on(show, way, said, one, other, vary):
    visitor, page = show(way(lambda: freshpage.vary_on(**said))), WAYS[way]
    visitor.get(page, **one)
    assert is_hit(visitor.get(page, **one))
    assert vary in visitor.get(page, **one).headers["Vary"]
    assert not is_hit(visitor.get(page, **other))
    assert is_hit(visitor.get(f"{page}?utm_source=x", **one, User_Agent="noise"))


@pytest.mark.parametrize(
    ("said", "splits", "shares"),
    [("page", "?page=2", "?utm=2"), (["page", "sort"], "?sort=2", "?utm=2"), (True, "?utm=2", "")],
)
def test_vary_on_the_query(show, said, splits, shares):
    visitor = show(saying(lambda: freshpage.vary_on(query=said)))
    visitor.get(PAGE)
    assert not is_hit(visitor.get(PAGE + splits))
    assert is_hit(visitor.get(PAGE + shares))


def test_until(show, monkeypatch):
    visitor = show(saying(lambda: freshpage.until(timezone.now() + timedelta(seconds=90))))
    visitor.get(PAGE)
    found = status(visitor.get(PAGE))
    ttl = int(found.partition("ttl=")[2].partition(";")[0])
    assert 80 <= ttl <= 90


def test_until_a_moment_that_has_passed(show):
    visitor = show(saying(lambda: freshpage.until(datetime(2001, 1, 1, tzinfo=UTC))))
    for _ in range(2):
        assert "already-stale" in status(visitor.get(PAGE))
    assert RENDERS[PAGE] == 2


def test_the_shortest_life_that_is_said(show):
    visitor = show(
        saying(
            lambda: freshpage.limit(500),
            lambda: freshpage.limit(50),
            lambda: freshpage.until(timezone.now() + timedelta(days=1)),
        )
    )
    visitor.get(PAGE)
    assert "ttl=50" in status(visitor.get(PAGE)) or "ttl=49" in status(visitor.get(PAGE))


@pytest.mark.parametrize(
    ("say", "fault"),
    [
        (lambda: freshpage.until(datetime(2030, 1, 1)), "aware"),
        (lambda: freshpage.tag(""), "non-empty"),
        (lambda: freshpage.tag("@all"), "@"),
        (lambda: freshpage.vary_on(headers=["X Kind"]), "X Kind"),
        (lambda: freshpage.vary_on(headers="X\r\nSet-Cookie"), "Set-Cookie"),
    ],
)
def test_what_cannot_be_meant_is_refused(say, fault):
    with pytest.raises(ValueError, match=fault):
        say()


def test_outside_of_a_render_nothing_happens():
    freshpage.tag("menu")
    freshpage.vary_on(headers="X-Kind", cookies="theme", query=True)
    freshpage.private()
    freshpage.limit(5)
    freshpage.until(timezone.now())


def test_a_decorator_that_names_no_header():
    with pytest.raises(ValueError, match="X Kind"):
        page_cache(vary=["X Kind"])


@pytest.mark.parametrize("named", ["X-Kind", "header:X-Kind"])
def test_a_decorator_that_names_a_header(show, named):
    visitor = show(page_cache(vary=[named])(lambda request: HttpResponse("page")))
    visitor.get(PAGE, X_Kind="a")
    assert is_hit(visitor.get(PAGE, X_Kind="a"))
    assert not is_hit(visitor.get(PAGE, X_Kind="b"))
