"""The X-Frame-Options that django-cms keeps for a page."""

from __future__ import annotations

import time

from cms import constants
from cms.cache import invalidate_cms_page_cache
from cms.cache.page import get_xframe_cache, set_xframe_cache


def test_it_is_kept_for_its_page(make_site):
    site = make_site()
    page, other = site.page("Town").page, site.page("River").page
    set_xframe_cache(page, constants.X_FRAME_OPTIONS_DENY)
    assert get_xframe_cache(page) == constants.X_FRAME_OPTIONS_DENY
    assert get_xframe_cache(other) is None


def test_it_is_forgotten_with_the_pages(make_site):
    page = make_site().page("Town").page
    set_xframe_cache(page, constants.X_FRAME_OPTIONS_DENY)
    invalidate_cms_page_cache()
    assert get_xframe_cache(page) is None


def test_it_is_forgotten_after_its_time(make_site, monkeypatch, settings):
    settings.CMS_CACHE_DURATIONS = {"content": 20, "menus": 20, "permissions": 20}
    page = make_site().page("Town").page
    set_xframe_cache(page, constants.X_FRAME_OPTIONS_DENY)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 21)
    assert get_xframe_cache(page) is None


def test_what_was_worked_out_before_an_edit_is_not_kept(make_site):
    page = make_site().page("Town").page
    assert get_xframe_cache(page) is None
    invalidate_cms_page_cache()
    set_xframe_cache(page, constants.X_FRAME_OPTIONS_DENY)
    assert get_xframe_cache(page) is None
