"""An edit shows at once, whatever was being rendered when it came."""

from __future__ import annotations

import pytest
from cms.api import add_plugin
from cms.models import ACCESS_PAGE, PagePermission
from django.contrib.auth.models import Group
from django.db import transaction

from tests.cms.site import cms_menus, cms_plugins
from tests.doors.conftest import DOORS, is_hit, status


def test_a_published_edit_shows_at_once(site):
    content = site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    assert is_hit(site.get("/en/town/"))
    site.rewrite(content, "a large town")
    assert "a large town" in site.get("/en/town/").text
    assert is_hit(site.get("/en/town/"))


def test_a_correction_shows_at_once(site):
    content = site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    site.correct(content, "a large town")
    assert "a large town" in site.get("/en/town/").text


def test_a_page_is_found_once_it_is_published(site):
    content = site.draft("Town", ("PassagePlugin", "a small town"))
    for _ in range(2):
        assert site.get("/en/town/").status_code == 404
    site.publish(content)
    assert site.get("/en/town/").status_code == 200


def test_a_page_is_gone_once_it_is_unpublished(site):
    content = site.page("Town")
    site.get("/en/town/")
    content.versions.get().unpublish(site.editor)
    assert site.get("/en/town/").status_code == 404


def test_menus_show_a_new_page_at_once_also_on_pages_that_are_not_django_cms_s(site):
    site.page("Town")
    for _ in range(2):
        assert "River" not in site.get("/plain/").text + site.get("/en/town/").text
    site.page("River")
    assert "River" in site.get("/plain/").text
    assert "River" in site.get("/en/town/").text


def test_a_page_is_gone_once_it_may_not_be_seen_by_everybody(site):
    content = site.page("Town")
    site.get("/en/town/")
    assert is_hit(site.get("/en/town/"))
    group = Group.objects.create(name="council")
    right = PagePermission.objects.create(
        page=content.page, group=group, grant_on=ACCESS_PAGE, can_view=True
    )
    assert site.get("/en/town/").status_code == 404
    right.delete()
    assert site.get("/en/town/").status_code == 200


@pytest.mark.parametrize("write", ["save", "delete", "add"])
def test_what_other_code_writes_shows_at_once(site, write):
    content = site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    assert is_hit(site.get("/en/town/"))
    plugin = site.placeholder(content).get_plugins().get().get_plugin_instance()[0]
    if write == "save":
        plugin.text = "a large town"
        plugin.save()
    elif write == "delete":
        plugin.delete()
    else:
        add_plugin(site.placeholder(content), "PassagePlugin", "en", text="and a river")
    told = {"save": "a large town", "delete": "<main></main>", "add": "and a river"}
    assert told[write] in site.get("/en/town/").text


def test_a_login_ends_no_page(site):
    """django-cms then clears its menus, for it has some for each user."""
    site.page("Town")
    site.get("/en/town/")
    site.cookie()
    assert is_hit(site.get("/en/town/"))


def test_an_edit_while_the_page_is_rendered_is_not_lost(site):
    """Its old text was read already: the page and the placeholder are old, and not kept."""
    content = site.page("Town", ("HookedPlugin", "a small town"))
    cms_plugins.HOOKS.append(lambda: site.correct(content, "a large town"))
    assert "a small town" in site.get("/en/town/").text
    for _ in range(2):
        assert "a large town" in site.get("/en/town/").text


def test_a_page_added_while_the_menu_is_built_is_not_lost(site):
    site.page("Town")
    cms_menus.HOOKS.append(lambda: site.page("River"))
    assert "River" not in site.get("/en/town/").text
    for _ in range(2):
        assert "River" in site.get("/en/town/").text


def test_an_edit_of_a_placeholder_shows_where_another_contains_it(site):
    inner = site.page("Parts", ("PassagePlugin", "sunny"))
    site.page("Town", ("OtherPlaceholderPlugin", str(site.placeholder(inner).pk)))
    assert "sunny" in site.get("/en/town/").text
    site.correct(inner, "rain")
    assert "rain" in site.get("/en/town/").text


def test_what_is_rolled_back_drops_nothing(site):
    content = site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    with transaction.atomic():
        site.correct(content, "a large town")
        transaction.set_rollback(True)
    assert is_hit(site.get("/en/town/"))


@pytest.mark.parametrize("door", DOORS)
def test_without_the_page_cache_a_door_stores_no_page_either(make_site, door, settings):
    """django-cms then says nothing of edits."""
    settings.CMS_PAGE_CACHE = False
    site = make_site(door)
    site.page("Town")
    for path in ("/en/town/", "/en/nowhere/"):
        for _ in range(2):
            page = site.get(path)
            assert not is_hit(page)
            assert "stored" not in status(page)
