"""How long a page lives, also when its placeholders come from django-cms's cache."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest

import freshpage
from tests.cms.site import cms_plugins
from tests.doors.conftest import is_hit, status


def render_again_from_placeholders(site, path):
    """Drop the page, but no placeholder."""
    freshpage.purge(path)
    rendered = []
    cms_plugins.HOOKS.append(lambda: rendered.append(path))
    page = site.get(path)
    assert not is_hit(page)
    assert not rendered, "the placeholder was rendered"
    return page


@pytest.mark.parametrize("plugin", ["SecondsPlugin", "MomentPlugin"])
def test_a_page_lives_as_long_as_its_shortest_lived_plugin(site, plugin):
    site.page("Town", ("PassagePlugin", "a small town"), (plugin, 45), (plugin, 50))
    assert 40 <= site.life("/en/town/") <= 45
    assert is_hit(site.get("/en/town/"))


def test_without_a_door_browsers_are_told_as_django_cms_tells_them(make_site):
    site = make_site("none")
    site.page("Town", ("SecondsPlugin", 45))
    before = time.time()
    page = site.get("/en/town/")
    after = time.time()
    assert page.headers["Cache-Control"] == "max-age=45"
    expires = parsedate_to_datetime(page.headers["Expires"]).timestamp()
    assert int(before) + 45 <= expires <= after + 45


def test_no_page_lives_longer_than_the_site_says(site, settings):
    settings.CMS_CACHE_DURATIONS = {"content": 20, "menus": 20, "permissions": 20}
    site.page("Town", ("SecondsPlugin", 45))
    assert 15 <= site.life("/en/town/") <= 20


def test_a_placeholder_from_the_cache_lives_no_longer_than_it_said(site, monkeypatch):
    site.page("Town", ("SecondsPlugin", 45), ("HookedPlugin", "a small town"))
    assert 40 <= site.life("/en/town/") <= 45
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 30)
    render_again_from_placeholders(site, "/en/town/")
    assert is_hit(site.get("/en/town/"))
    monkeypatch.setattr(time, "time", lambda: real() + 46)
    assert not is_hit(site.get("/en/town/"))


def test_a_page_is_gone_when_its_time_has_come(site, monkeypatch):
    content = site.page("Town", ("SecondsPlugin", 45))
    site.get("/en/town/")
    site.placeholder(content).get_plugins().get().get_plugin_instance()[0]
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 46)
    assert not is_hit(site.get("/en/town/"))


@pytest.mark.parametrize(("plugin", "reason"), [("ExpireNowPlugin", ""), ("NeverPlugin", "")])
def test_what_expires_at_once_is_not_stored(site, plugin, reason):
    site.page("Town", ("PassagePlugin", "a small town"), (plugin, "at once"))
    for _ in range(2):
        page = site.get("/en/town/")
        assert not is_hit(page)
        assert "stored" not in status(page)
        assert "no-store" in page.headers["Cache-Control"]


def test_a_page_with_a_plugin_that_failed_is_shown_but_not_kept(site):
    content = site.page("Town", ("BrokenPlugin", "fails"))
    broken = site.get("/en/town/")
    assert broken.status_code == 200
    assert "stored" not in status(broken)
    # it comes right by itself: nobody edits, nothing is cleared
    plugin = site.placeholder(content).get_plugins().get().get_plugin_instance()[0]
    type(plugin).objects.filter(pk=plugin.pk).update(text="sunny")
    assert "sunny" in site.get("/en/town/").text


def test_a_token_is_given_to_nobody_else(site):
    site.page("Town", ("TokenPlugin", ""))
    tokens = []
    for _ in range(3):
        page = site.get("/en/town/")
        assert not is_hit(page)
        assert "csrftoken" in page.headers["Set-Cookie"]
        tokens.append(page.text.partition("token ")[2])
    assert len(set(tokens)) == 3


def test_what_a_plugin_says_by_itself_is_kept_with_its_placeholder(site):
    site.page("Town", ("TaggingPlugin", "rain"), ("HookedPlugin", ""))
    site.get("/en/town/")
    render_again_from_placeholders(site, "/en/town/")
    assert is_hit(site.get("/en/town/"))
    freshpage.invalidate("weather")
    assert not is_hit(site.get("/en/town/"))
