"""The app: its functions are everywhere, and it says what it needs."""

from __future__ import annotations

import sys

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from freshpage.integrations.cms import binding, language, menus, page, placeholders, xframe


def test_no_module_has_a_function_of_django_cms_s_left():
    ours = (language, menus, page, placeholders, xframe)
    theirs = {
        "get_page_cache",
        "set_page_cache",
        "get_xframe_cache",
        "set_xframe_cache",
        "invalidate_cms_page_cache",
        "clear_placeholder_cache",
    }
    left = {
        (module.__name__, name)
        for module in list(sys.modules.values())
        for name in theirs & set(getattr(module, "__dict__", {}))
        if module not in ours
        and getattr(module.__dict__[name], "__module__", "").startswith("cms.")
    }
    assert not left


def test_installing_twice_changes_nothing():
    import cms.views

    before = cms.views.details, cms.views.get_page_cache
    binding.install()
    assert (cms.views.details, cms.views.get_page_cache) == before


def test_without_django_cms_it_says_so(monkeypatch):
    monkeypatch.setattr(apps, "is_installed", lambda name: False)
    with pytest.raises(ImproperlyConfigured, match="'cms' is not"):
        apps.get_app_config("freshpage_cms").ready()
