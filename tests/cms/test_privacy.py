"""Editors, drafts, previews: never stored, never answered from the cache."""

from __future__ import annotations

import pytest
from cms.toolbar.utils import get_object_edit_url, get_object_preview_url
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from tests.cms.conftest import MIDDLEWARE
from tests.cms.site import cms_plugins
from tests.doors.conftest import is_hit, status

TOOLBAR = "cms-toolbar"


def test_an_editor_is_not_served_the_page_of_everybody(site):
    site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    assert is_hit(site.get("/en/town/"))
    for _ in range(2):
        page = site.get("/en/town/", Cookie=site.cookie())
        assert not is_hit(page)
        assert TOOLBAR in page.text
        assert "private" in page.headers["Cache-Control"]


def test_nobody_is_served_the_page_of_an_editor(site):
    site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/", Cookie=site.cookie())
    page = site.get("/en/town/")
    assert not is_hit(page)
    assert TOOLBAR not in page.text


def test_what_another_visitor_who_logged_in_was_shown_is_not_kept(site):
    """Neither as a page nor as a placeholder."""
    site.page("Town", ("HookedPlugin", "a small town"))
    get_user_model().objects.create_user("reader")
    client = Client()
    client.force_login(get_user_model().objects.get(username="reader"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    for _ in range(2):
        page = site.get("/en/town/", Cookie=cookie)
        assert not is_hit(page)
        assert "stored" not in status(page)
    rendered = []
    cms_plugins.HOOKS.append(lambda: rendered.append(1))
    site.get("/en/town/")
    assert rendered


@pytest.mark.parametrize("url_of", [get_object_preview_url, get_object_edit_url])
def test_drafts_previews_and_edit_mode_are_the_editor_s_alone(site, url_of):
    content = site.draft("Town", ("PassagePlugin", "not yet"))
    url = url_of(content)
    for _ in range(2):
        page = site.get(url, Cookie=site.cookie())
        assert "not yet" in page.text
        assert not is_hit(page)
        assert "stored" not in status(page)
    assert "not yet" not in site.get(url).text
    assert site.get("/en/town/").status_code == 404


def test_the_toolbar_for_anonymous_visitors_is_not_stored(site):
    site.page("Town")
    site.get("/en/town/")
    for _ in range(2):
        page = site.get("/en/town/?toolbar_on")
        assert not is_hit(page)
        assert TOOLBAR in page.text
    assert TOOLBAR not in site.get("/en/town/").text


class OwnTimeZone:
    """As sites have it: the visitor's time zone from a cookie."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with timezone.override(request.COOKIES.get("zone", "UTC")):
            return self.get_response(request)


def test_time_zones_do_not_share_pages(make_site, door, settings):
    settings.TIME_ZONE = "UTC"
    site = make_site(door, [*MIDDLEWARE, f"{__name__}.OwnTimeZone"])
    site.page("Town")
    site.get("/en/town/")
    elsewhere = site.get("/en/town/", Cookie="zone=Asia/Tokyo")
    assert not is_hit(elsewhere)
    again = site.get("/en/town/", Cookie="zone=Asia/Tokyo")
    assert is_hit(again) == (door == "none")
    assert is_hit(site.get("/en/town/"))
