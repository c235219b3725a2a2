"""Contract 2 at the doors: what a transaction has written is its own until it is committed."""

from __future__ import annotations

from itertools import count

import pytest
from django.db import connections, transaction
from django.http import HttpResponse
from django.urls import path

from freshpage.decorators import page_cache
from tests.doors.conftest import is_hit
from tests.oracle.newsroom.models import Section, Topic

pytestmark = pytest.mark.django_db(transaction=True)


def sections(request):
    return HttpResponse(" ".join(Section.objects.order_by("pk").values_list("name", flat=True)))


names = count()
cached_sections = page_cache(ttl=60)(sections)


def rename(name):
    Section.objects.filter(slug="sport").update(name=name)


def renames_first(request):
    with transaction.atomic():
        rename(f"Own {next(names)}")
        return sections(request)


def renames_and_takes_back(request):
    """Shows by way of a cached view what is never committed."""
    with transaction.atomic():
        rename("Own")
        response = cached_sections(request)
        transaction.set_rollback(True)
    return response


def rendered_late(request):
    """Reads in a transaction, and outside of it."""
    topics = Topic.objects.count()
    return HttpResponse(f"{topics} {sections(request).content.decode()}")


urlpatterns = [
    path("sections/", sections),
    path("cached/", cached_sections),
    path("renames/", renames_first),
    path("taken-back/", renames_and_takes_back),
    path("late/", rendered_late),
]


@pytest.fixture(params=[False, True], ids=["autocommit", "atomic-requests"])
def visitor(request, door, make_visitor, settings, monkeypatch):
    found = make_visitor(door)
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", request.param)
    Section.objects.create(name="Sport", slug="sport")
    return found


def test_a_page_is_stored_and_dropped_by_a_commit(visitor):
    for _ in range(3):  # the first may be lost: its question is new within a transaction
        answer = visitor.get("/late/")
    assert is_hit(answer)
    rename("New")
    answer = visitor.get("/late/")
    assert not is_hit(answer)
    assert answer.text == "0 New"


def test_what_a_view_has_written_itself_is_not_stored(visitor):
    for _ in range(3):
        answer = visitor.get("/renames/")
        assert not is_hit(answer)
        assert answer.text.startswith("Own ")


def test_a_rollback_forgets(visitor):
    for _ in range(3):
        answer = visitor.get("/taken-back/")
        assert answer.text == "Own"
        assert not is_hit(answer)
        assert visitor.get("/sections/").text == "Sport"


@pytest.fixture
def without_a_door(make_visitor, settings):
    found = make_visitor("middleware", middleware=[])
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = __name__
    Section.objects.create(name="Sport", slug="sport")
    return found


def test_a_cached_view_is_neither_read_nor_stored_by_a_transaction_that_wrote(
    client, without_a_door
):
    def ask():
        return client.get("/cached/")

    for _ in range(2):
        answer = ask()
    assert is_hit(answer), answer.headers
    with transaction.atomic():
        rename("Own")
        assert ask().content == b"Own"
        transaction.set_rollback(True)
    assert is_hit(ask())
    assert ask().content == b"Sport"
    with transaction.atomic():
        Topic.objects.create(name="Other", slug="other")
        assert is_hit(ask())  # it shows none
