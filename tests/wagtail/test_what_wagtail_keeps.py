"""What Wagtail caches, makes and writes by itself hides no change and drops no page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone
from valley.content import drawing
from valley.models import Contact, Notice, StoryPage
from wagtail.contrib.redirects.models import Redirect
from wagtail.embeds.embeds import get_embed_hash
from wagtail.embeds.models import Embed
from wagtail.images import get_image_model
from wagtail.images.utils import generate_signature
from wagtail.log_actions import log
from wagtail.models import Locale, Page, ReferenceIndex, Site

from freshpage import purge
from tests.doors.conftest import is_hit, status
from tests.wagtail.valley_site import editor

ALL = ("/fragment/a/", "/specific/", "/rich-text/", "/locales/", "/rendition/width-60/")


@pytest.fixture
def site(valley, settings):
    settings.ROOT_URLCONF = "tests.wagtail.extra_urls"
    Embed.objects.create(
        hash=get_embed_hash("https://video.example/1"),
        url="https://video.example/1",
        type="video",
        html="<video>",
        cache_until=timezone.now() + timedelta(hours=1),
    )
    return valley


def mill_path() -> StoryPage:
    return StoryPage.objects.get(slug="mill-path", locale__language_code="en")


def life(answer) -> int:
    return int(status(answer).partition("ttl=")[2].partition(";")[0])


def known(site, path: str) -> None:
    """Render a page once, and forget it with all it is made of.

    What is shown of a row is known to those who write it from the second render on.
    """
    site.get(path)
    cache.clear()
    purge(everything=True)


def kept(site, path: str):
    """A page, once it comes from the cache."""
    (shown,) = site.warm([path]).values()
    return shown.decode()


# -- values in caches ------------------------------------------------------------------------


def test_a_page_is_kept_with_its_first_render_and_as_long_as_any(site, settings):
    for path in [*site.paths()[:4], "/rich-text/", "/locales/", "/rendition/width-60/"]:
        assert not is_hit(site.get(path))
        again = site.get(path)
        assert is_hit(again), (path, status(again))
        assert life(again) > 500, (path, status(again))


def test_that_the_paths_of_roots_are_forgotten_drops_no_page(site):
    assert not site.effect(Site.clear_site_root_paths_cache, *ALL).dropped


def test_the_paths_of_roots_are_those_of_the_data(site):
    """Whatever stands in Wagtail's cache: the pages that show addresses are right."""
    huts = Page.objects.get(slug="huts", locale__language_code="en")
    assert 'href="/en/walks/mill-path/"' in kept(site, "/rich-text/")
    Site.get_site_root_paths()
    Site.objects.update(root_page=huts)
    assert "mill-path" not in site.get("/rich-text/").text


def test_a_fragment_carries_what_it_is_made_of(site):
    known(site, "/fragment/a/")
    for name in "ab":
        assert "The lake is frozen" in kept(site, f"/fragment/{name}/")
    effect = site.effect(lambda: Notice.objects.update(remark="x"), "/fragment/a/", "/fragment/b/")
    assert not effect.dropped
    Notice.objects.update(text="Thaw")
    for name in "ab":
        assert not is_hit(site.get(f"/fragment/{name}/"))


def test_a_fragment_of_a_page_is_another_once_it_is_published(site):
    known(site, "/page-fragment/")
    assert "in short" in kept(site, "/page-fragment/")
    page = mill_path()
    page.summary = "At length"
    page.save_revision()
    assert is_hit(site.get("/page-fragment/"))
    page.save_revision().publish()
    assert "At length" in site.get("/page-fragment/").text


def test_names_of_locales(site, settings):
    settings.LANGUAGES = settings.WAGTAIL_CONTENT_LANGUAGES = [
        *settings.LANGUAGES,
        ("fr", "Français"),
    ]
    assert kept(site, "/locales/") == "Deutsch, English"
    french = Locale.objects.create(language_code="fr")
    assert site.get("/locales/").text == "Deutsch, English, Français"
    french.delete()
    assert site.get("/locales/").text == "Deutsch, English"


# -- renditions ------------------------------------------------------------------------------


def test_that_a_rendition_is_made_drops_no_page(site):
    before = kept(site, "/rendition/width-60/")
    assert not site.effect(lambda: site.get("/rendition/width-33/")).dropped
    assert is_hit(site.get("/rendition/width-60/"))
    assert site.get("/rendition/width-60/").text == before


def test_a_rendition_that_was_deleted_is_made_again(site):
    kept(site, "/rendition/width-60/")
    image = get_image_model().objects.get()
    image.renditions.filter(filter_spec="width-60").delete()
    again = site.get("/rendition/width-60/")
    assert not is_hit(again)
    assert image.renditions.filter(filter_spec="width-60").exists()
    assert is_hit(site.get("/rendition/width-60/"))


def test_a_focal_point_shows(site):
    before = kept(site, "/rendition/fill-50x50/")
    image = get_image_model().objects.get()
    image.focal_point_x = image.focal_point_y = 10
    image.focal_point_width = image.focal_point_height = 5
    image.save()
    assert site.get("/rendition/fill-50x50/").text != before


def test_an_image_by_its_address(site):
    image = get_image_model().objects.get()
    signature = generate_signature(image.pk, "width-40")
    path = f"/images/{signature}/{image.pk}/width-40/"
    before = site.get(path).content
    assert is_hit(site.get(path))
    image.file = drawing(10, "owl.png")
    image._set_image_file_metadata()
    image.save()
    image.renditions.all().delete()
    assert site.get(path).content != before


# -- questions -------------------------------------------------------------------------------


def test_drafts_drop_no_list_of_specific_pages(site):
    assert "Mill path, in short" in kept(site, "/specific/")
    page = mill_path()
    page.summary = "At length"
    page.save_revision()
    assert is_hit(site.get("/specific/"))
    page.save_revision().publish()
    assert "At length" in site.get("/specific/").text


def test_a_search_finds_what_was_published(site):
    assert site.get("/found/").text == ""
    page = mill_path()
    page.title = "The wheel"
    page.save_revision().publish()
    assert site.get("/found/").text == "The wheel"


def test_rich_text_shows_what_it_links_to(site):
    assert "mill-path" in kept(site, "/rich-text/")
    page = mill_path()
    page.slug = "wheel"
    page.save_revision().publish()
    assert "/en/walks/wheel/" in site.get("/rich-text/").text
    Embed.objects.update(html="<video controls>")
    assert "<video controls>" in site.get("/rich-text/").text


def test_a_redirect_takes_the_place_of_not_found(site):
    for _ in range(2):
        assert site.get("/en/old/").status_code == 404
    redirect = Redirect.add_redirect("/en/old", mill_path(), is_permanent=False)
    assert site.get("/en/old/").headers["Location"].endswith("/en/walks/mill-path/")
    redirect.delete()
    assert site.get("/en/old/").status_code == 404


def test_settings_that_are_made_while_a_page_renders(site):
    Contact.objects.all().delete()
    path = site.paths()[0]
    kept(site, path)
    Contact.objects.update(phone="4711")
    assert "4711" in site.get(path).text


# -- writes ------------------------------------------------------------------------------------


def log_something(site):
    log(instance=mill_path(), action="wagtail.edit")


def build_indexes(site):
    call_command("rebuild_references_index", verbosity=0)
    call_command("update_index", verbosity=0)


def purge_revisions(site):
    call_command("purge_revisions", verbosity=0)


def look_at_the_admin(site):
    """Sessions, editing sessions, logs, searches."""
    ann = editor(site.application)
    at = f"/admin/pages/{mill_path().pk}"
    for path in (f"{at}/edit/", f"{at}/history/", f"{at}/usage/", "/admin/pages/search/?q=lake"):
        assert ann.get(path).status_code == 200


def forget_references(site):
    ReferenceIndex.objects.all().delete()


@pytest.mark.parametrize(
    "write", [log_something, build_indexes, purge_revisions, look_at_the_admin, forget_references]
)
def test_what_no_page_shows_drops_none(site, write):
    effect = site.effect(lambda: write(site), *ALL)
    assert not effect.dropped
    assert not effect.stale
