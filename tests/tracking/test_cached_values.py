"""A value from a cache brings along what it was made of."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache, caches
from django.template import Context, Engine

from tests.oracle.keeping import TAGS, Kept
from tests.oracle.newsroom.models import Article, Section


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()
    yield
    cache.clear()


def names():
    return " ".join(Section.objects.order_by("pk").values_list("name", flat=True))


def by_get_or_set():
    return cache.get_or_set("names", names, 300)


def by_get_and_set():
    found = cache.get("names")
    if found is None:
        found = names()
        cache.set("names", found, 300)
    return found


def by_many():
    found = cache.get_many(["names", "other"])
    if "names" not in found:
        found["names"] = names()
        cache.set_many({"names": found["names"]}, 300)
    return found["names"]


def by_template():
    source = (
        "{% load cache %}{% cache 300 names %}{% for s in all %}{{ s }} {% endfor %}{% endcache %}"
    )
    engine = Engine(libraries={"cache": "django.templatetags.cache"})
    return engine.from_string(source).render(Context({"all": Section.objects.order_by("pk")}))


VIEWS = [by_get_or_set, by_get_and_set, by_many, by_template]


@pytest.mark.parametrize("view", VIEWS)
def test_who_takes_it_depends_on_what_it_was_made_of(site, view):
    first, second = Kept(view), Kept(view)
    assert second.text == first.text
    assert 298 < second.declared.ttl <= 300
    site.ann.name = "Other"
    site.ann.save()
    assert first.fresh
    assert second.fresh
    site.sport.name = "New"
    site.sport.save()
    assert not first.fresh
    assert not second.fresh


def test_it_depends_on_nothing_else_of_the_render_that_made_it(site):
    Kept(lambda: Article.objects.get(pk=site.articles[0].pk).title + by_get_or_set())
    page = Kept(by_get_or_set)
    Article.objects.filter(pk=site.articles[0].pk).update(title="New")
    assert page.fresh


def test_a_value_within_a_value(site):
    def outer():
        return cache.get_or_set("outer", lambda: by_get_or_set() + site_title(), 600)

    def site_title():
        return Article.objects.get(pk=site.articles[0].pk).title

    Kept(outer)
    page, inner = Kept(outer), Kept(by_get_or_set)
    Article.objects.filter(pk=site.articles[0].pk).update(title="New")
    assert not page.fresh
    assert inner.fresh
    page.fill()
    Section.objects.filter(pk=site.sport.pk).update(name="New")
    assert not page.fresh


def test_stored_without_asking_first(site):
    """It may be made of anything the render had read."""

    def view():
        cache.set("names", names(), 300)
        return ""

    Kept(view)
    page = Kept(by_get_or_set)
    Section.objects.filter(pk=site.sport.pk).update(name="New")
    assert not page.fresh


CHANGES = [
    lambda: cache.set("names", "x"),
    lambda: cache.delete("names"),
    lambda: cache.delete_many(["names"]),
    lambda: cache.touch("names", 5),
    lambda: cache.clear(),
    lambda: cache.set_many({"names": "x"}),
    lambda: cache.incr_version("names"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_who_changes_it_drops_the_page(site, change):
    page = Kept(by_get_or_set)
    cache.set("unrelated", 1)
    cache.delete("names:1")
    assert page.fresh
    change()
    assert not page.fresh


def test_what_nobody_knows_the_making_of_lives_shortly(site):
    cache.set("names", "by a command", 3000)
    page = Kept(by_get_or_set)
    assert page.text == "by a command"
    assert page.declared.unstated_ttl == 60
    cache.set("names", "again")
    assert not page.fresh


def test_what_replaces_a_known_value_is_unknown(site):
    Kept(by_get_or_set)
    cache.set("names", "by a command", 3000)
    assert Kept(by_get_or_set).declared.unstated_ttl == 60


def test_who_found_nothing_is_told_of_what_comes(site):
    page = Kept(lambda: str(cache.get("names")))
    other = Kept(lambda: str(cache.get("other")))
    making = Kept(by_get_or_set)
    assert not page.fresh
    assert other.fresh
    assert making.fresh


def test_a_render_that_stores_what_is_there_already_changes_nothing(site):
    def view():
        found = cache.get("names")
        cache.set("names", found or names(), 300)
        return str(found)

    Kept(view)
    page = Kept(view)
    Kept(view)
    assert page.fresh


def test_rows_that_call_themselves_equal(site):
    def view():
        cache.set("row", Section.objects.get(pk=site.sport.pk))
        return ""

    def show():
        return cache.get("row").name

    Kept(view)
    page = Kept(show)
    page.record.tags.clear()  # of the row itself
    Section.objects.filter(pk=site.sport.pk).update(name="New")
    Kept(view)
    assert not page.fresh


def test_a_counter_that_a_view_keeps(site):
    def view():
        cache.add("views", 0)
        return str(cache.incr("views"))

    Kept(view)
    assert not Kept(view).fresh


def test_sessions_in_a_cache_are_left_alone(site):
    before = TAGS.number
    cache.set("django.contrib.sessions.cacheabc", {"a": 1})
    page = Kept(lambda: str(cache.get("django.contrib.sessions.cacheabc")))
    assert page.declared.tags == frozenset()
    assert before == TAGS.number


def test_a_render_is_not_disturbed(site):
    def view():
        cache.set("a", 1)
        cache.set("b", None)
        return f"{cache.get('a')} {cache.get('b', 5)} {cache.get('c', 7)} {'a' in cache}"

    assert Kept(view).text == view() == "1 None 7 True"
    assert caches["default"] is caches["default"]


def test_content_types_are_remembered_by_their_manager(site):
    ContentType.objects.get_for_model(Section)

    def view():
        return ContentType.objects.get_for_model(Section).model

    page = Kept(view)
    kind = ContentType.objects.get_for_model(Section)
    ContentType.objects.filter(pk=kind.pk).update(model="renamed")
    assert not page.fresh
    ContentType.objects.filter(pk=kind.pk).update(model="section")
