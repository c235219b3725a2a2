"""The drop-in for wagtail-cache as an app: its page in the admin, its command, its mixin."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.template import Context, Template
from django.urls import reverse
from valley.models import StoryPage
from wagtail.models import PageViewRestriction

from freshpage import runtime
from freshpage.compat.wagtailcache.cache import WagtailCacheMixin
from tests.wagtail.valley_site import ValleySite, editor, press

HEADER = "X-Wagtail-Cache"
PATH = "/en/walks/mill-path/"


@pytest.fixture
def site(at_a_site, settings) -> ValleySite:
    settings.MIDDLEWARE = [
        "freshpage.compat.wagtailcache.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "freshpage.compat.wagtailcache.cache.FetchFromCacheMiddleware",
    ]
    runtime.reset()
    site = ValleySite()
    site.behind(WSGIHandler())
    return site


def said(answer) -> str | None:
    return answer.headers.get(HEADER)


def test_pages_are_kept_until_they_change(site):
    assert [said(site.get(PATH)) for _ in range(2)] == ["miss", "hit"]
    assert said(site.get("/en/huts/")) == "miss"
    page = StoryPage.objects.get(slug="mill-path", locale__language_code="en")
    page.summary = "The wheel turns"
    page.save_revision().publish()
    again = site.get(PATH)
    assert said(again) == "miss"
    assert "The wheel turns" in again.text
    assert said(site.get("/en/huts/")) == "hit"


def test_the_admin_is_skipped(site):
    ann = editor(site.application)
    for path in ("/admin/", PATH):
        assert [said(ann.get(path)) for _ in range(2)] == ["skip", "skip"]


def test_the_page_in_the_admin_clears_the_cache(site):
    ann = editor(site.application)
    index, clear = reverse("wagtailcache_admin:index"), reverse("wagtailcache_admin:clearcache")
    assert (index, clear) == ("/admin/cache/", "/admin/cache/clearcache")
    shown = ann.get(index)
    assert "5 minutes" in shown.text
    assert f'action="{clear}"' in shown.text
    assert index in ann.get("/admin/").text  # in the menu
    site.get(PATH)
    assert ann.get(clear).status_code == 405  # a link on some page is not to clear it
    assert said(site.get(PATH)) == "hit"
    answer = press(ann, clear)
    assert (answer.status_code, answer.headers["Location"]) == (302, index)
    assert said(site.get(PATH)) == "miss"


def test_the_page_in_the_admin_tells_that_the_cache_is_off(site, settings):
    settings.WAGTAIL_CACHE = False
    shown = editor(site.application).get(reverse("wagtailcache_admin:index"))
    assert "The cache is off." in shown.text
    assert "clearcache" not in shown.text


def test_it_is_for_superusers(site):
    ann = editor(site.application)
    user = get_user_model().objects.get(username="ann")
    user.is_superuser = False
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="access_admin"))
    assert ann.get("/admin/").status_code == 200
    for path in (reverse("wagtailcache_admin:index"), reverse("wagtailcache_admin:clearcache")):
        assert press(ann, path).status_code == 302
        assert "/admin/cache/" not in ann.get("/admin/").text


def test_the_command_and_the_tags_go_by_their_names(site):
    site.get(PATH)
    call_command("clear_wagtail_cache")
    assert said(site.get(PATH)) == "miss"
    template = (
        "{% load wagtailcache_tags %}{% cache_timeout %}"
        ' {{ "WAGTAIL_CACHE"|get_wagtailcache_setting }}'
    )
    assert Template(template).render(Context()) == "5 minutes True"


class Kept(WagtailCacheMixin, StoryPage):
    class Meta:
        app_label = "valley"
        proxy = True

    cache_control = "max-age=60"


def test_the_mixin_at_a_page_of_wagtail_s(site, rf, monkeypatch):
    page = Kept.objects.get(slug="mill-path", locale__language_code="en")
    request = rf.get(PATH)
    assert page.serve(request).headers["Cache-Control"] == "max-age=60"
    PageViewRestriction.objects.create(page=page, restriction_type="login")
    page = Kept.objects.get(pk=page.pk)
    assert page.serve(request).headers["Cache-Control"] == "private"
