"""Changes that no event of django-cms's tells: they drop the pages that show them, too."""

from __future__ import annotations

import pytest
from cms.api import add_plugin
from cms.models import ACCESS_PAGE_AND_DESCENDANTS, CMSPlugin, PageContent, PagePermission, PageUrl
from django.contrib.auth.models import Group
from django.db import transaction


@pytest.fixture
def door():
    return "wsgi"


@pytest.mark.parametrize("write", ["add", "save", "update", "delete"])
def test_what_is_written_without_an_event_drops_its_page(town, write):
    placeholder = town.site.placeholder(town.contents["Orchard"])

    def change():
        if write == "add":
            add_plugin(placeholder, "PassagePlugin", "en", text="and pears")
            return
        passage = placeholder.get_plugins().get().get_plugin_instance()[0]
        if write == "save":
            passage.text = "pears"
            passage.save()
        elif write == "update":
            type(passage).objects.filter(pk=passage.pk).update(text="pears")
        else:
            passage.delete()

    assert town.dropped(change) == {"Orchard"}


def test_a_content_that_is_saved_where_it_stands_is_seen(town):
    def change():
        content = PageContent.objects.get(pk=town.contents["Meadow"].pk)
        content.menu_title = "Grass"
        content.save()

    assert town.dropped(change) == {"Parks", "Orchard", "Meadow", "Apples"}


@pytest.mark.parametrize("way", ["admin", "method"])
def test_a_translation_that_is_deleted_is_gone_in_its_language_alone(town, way):
    """As the admin does it, and as code does."""
    page = town.page("Meadow")
    town.site.translate(town.contents["Meadow"], "Wiese")
    path = page.get_absolute_url("de")
    for _ in range(2):
        assert "Wiese" in town.site.get(path).text

    def change():
        contents = PageContent.admin_manager.filter(page=page, language="de")
        if way == "method":
            page.delete_translations("de")
            return
        with transaction.atomic():
            placeholders = [place.pk for one in contents for place in one.get_placeholders()]
            PageUrl.objects.get(page=page, language="de").delete()
            contents.delete()
            CMSPlugin.objects.filter(placeholder__in=placeholders).delete()

    assert town.dropped(change) <= {"Meadow"}  # it asks in which languages it is to be had
    answer = town.site.get(path)
    assert answer.status_code != 200 or "Wiese" not in answer.text


def test_an_address_that_stands_in_for_a_missing_one_counts(town):
    """As django-cms has it where CMS_LANGUAGES names no fallbacks."""
    page = town.page("Meadow")
    town.site.translate(town.contents.pop("Meadow"), "Wiese")
    page.urls.filter(language="en").delete()
    assert "/en/parks/wiese/" in town.site.get(town.path("Parks")).text

    def change():
        page.urls.filter(language="de").update(slug="gras", path="parks/gras")

    assert town.dropped(change) == {"Parks", "Orchard", "Apples"}
    assert "/en/parks/gras/" in town.site.get(town.path("Parks")).text


def test_a_page_made_private_is_gone_from_the_menus_and_with_it_what_is_below(town):
    group = Group.objects.create(name="council")
    path = town.path("Apples")

    def change():
        PagePermission.objects.create(
            page=town.page("Orchard"),
            group=group,
            grant_on=ACCESS_PAGE_AND_DESCENDANTS,
            can_view=True,
        )

    assert town.dropped(change) == {"Parks", "Orchard", "Meadow", "Apples"}
    assert town.site.get(path).status_code == 404


def test_a_page_for_members_leads_visitors_to_the_login(town):
    path = town.path("Meadow")
    town.site.get(path)

    def change():
        page = town.page("Meadow")
        page.login_required = True
        page.save()

    assert town.dropped(change) == {"Meadow"}
    assert town.site.get(path).status_code == 302


def test_plugins_that_are_changed_in_bulk_drop_their_page(town):
    placeholder = town.site.placeholder(town.contents["Orchard"])

    def change():
        placeholder.get_plugins().update(plugin_type="CountryPlugin")

    assert town.dropped(change) == {"Orchard"}


def test_what_freshpage_asks_the_database_is_not_counted(town, django_assert_num_queries):
    """A site's own ``assertNumQueries`` hold as before."""
    placeholder = town.site.placeholder(town.contents["Orchard"])
    passage = placeholder.get_plugins().get().get_plugin_instance()[0]
    town.site.get(town.path("Orchard"))
    with transaction.atomic(), django_assert_num_queries(1):
        type(passage).objects.filter(pk=passage.pk).update(text="pears")
    assert "pears" in town.site.get(town.path("Orchard")).text
