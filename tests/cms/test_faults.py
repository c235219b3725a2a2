"""When the store fails, visitors get what django-cms alone would send."""

from __future__ import annotations

import pytest
from cms.cache import invalidate_cms_page_cache
from cms.cache.page import get_xframe_cache, set_xframe_cache

from freshpage.runtime import runtime
from freshpage.stores.base import StoreError
from tests.doors.conftest import is_hit, status


class DeadStore:
    """Raises on every call."""

    blocking = False
    instant_pulse = True

    def __getattr__(self, name):
        def dead(*args, **kwargs):
            raise StoreError("the disk is full")

        return dead

    def close(self):
        pass


def test_a_dead_store_costs_nothing_but_the_cache(site, door):
    content = site.page("Town", ("SecondsPlugin", 45), ("CountryPlugin", ""))
    healthy = site.get("/en/town/")
    runtime().store = DeadStore()
    for _ in range(2):
        page = site.get("/en/town/")
        assert page.content == healthy.content
        assert page.headers.get("Cache-Control") == ("max-age=45" if door == "none" else None)
        assert "stored" not in status(page)
        assert not is_hit(page)
    site.correct(content, "an edit is not stopped by it")
    invalidate_cms_page_cache()
    set_xframe_cache(content.page, 1)
    assert get_xframe_cache(content.page) is None


@pytest.mark.parametrize("wrong", [{"STORE": "nowhere://"}, {"STOER": "sqlite"}])
def test_wrong_settings_leave_django_cms_as_it_is(make_site, door, wrong):
    site = make_site(door, **wrong)
    site.page("Town", ("PassagePlugin", "a small town"))
    for _ in range(2):
        page = site.get("/en/town/")
        assert "a small town" in page.text
        assert not is_hit(page)
