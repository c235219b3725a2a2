"""Within a transaction that wrote, its pages neither come from the store nor go there."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

import freshpage
from freshpage import runtime
from freshpage.middleware import PageCacheMiddleware
from tests.doors.conftest import OURS, is_hit
from tests.oracle.newsroom.models import Section, Topic

pytestmark = pytest.mark.django_db(transaction=True)


def names(request):
    freshpage.tag("names")
    return HttpResponse(" ".join(Section.objects.values_list("name", flat=True)))


@pytest.fixture
def ask(settings, tmp_path):
    settings.MIDDLEWARE = [OURS]
    settings.FRESHPAGE = {"STORE": f"sqlite:///{tmp_path / 'store.sqlite3'}", "BUILD": "tests"}
    runtime.reset()
    Section.objects.create(name="Sport", slug="sport")
    door = PageCacheMiddleware(names)

    def ask():
        return door(RequestFactory().get("/"))

    ask()
    assert is_hit(ask())
    yield ask
    runtime.reset()


class Undone(Exception):
    pass


def test_what_was_written_is_seen_within_and_by_nobody_else(ask):
    with suppress(Undone), transaction.atomic():
        Section.objects.update(name="Arts")
        for _ in range(2):
            within = ask()
            assert within.content == b"Arts"
            assert not is_hit(within)
        raise Undone
    after = ask()
    assert after.content == b"Sport"
    assert is_hit(after)


def test_what_it_has_nothing_to_do_with_is_served(ask):
    with transaction.atomic():
        Topic.objects.create(name="New", slug="new")
        assert is_hit(ask())


def test_tags_that_are_to_be_sent_on_commit(ask):
    with suppress(Undone), transaction.atomic():
        freshpage.invalidate("names")
        assert not is_hit(ask())
        raise Undone
    assert is_hit(ask())


def test_sql_that_is_not_understood_may_have_written_anything(ask):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS other (name TEXT)")
            cursor.execute("DROP TABLE other")
        assert ask().content == b"Sport"
    assert ask().content == b"Sport"


@pytest.mark.parametrize("by_view", [False, True])
def test_a_test_case_of_django_sees_its_own_writes(ask, settings, by_view):
    """Which are never committed."""
    settings.ROOT_URLCONF = "tests.doors.uncommitted_site"
    settings.MIDDLEWARE = [] if by_view else [OURS]
    client = Client()
    with transaction.atomic():
        seen = []
        for name in ("One", "Two"):
            Section.objects.filter(slug="sport").update(name=name)
            seen += [client.get("/names/").content, client.get("/names/").content]
        transaction.set_rollback(True)
    assert seen == [b"One", b"One", b"Two", b"Two"]
