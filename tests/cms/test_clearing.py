"""Clearing Django's cache ends django-cms's pages, as it does without freshpage."""

from __future__ import annotations

from django.core.cache import cache

from tests.doors.conftest import is_hit


def test_clearing_the_cache_ends_pages(site):
    site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    assert is_hit(site.get("/en/town/"))
    cache.clear()
    assert not is_hit(site.get("/en/town/"))
    assert is_hit(site.get("/en/town/"))


def test_other_writes_to_the_cache_do_not(site):
    site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    cache.set("weather", "rain")
    cache.delete("weather")
    assert is_hit(site.get("/en/town/"))
