"""What several pages show shows at once on all of them, and drops no other one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from valley.content import drawing
from valley.models import Contact, Notice
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Collection, Locale, Page, Site

from freshpage import purge
from tests.wagtail.more.models import Hint, Season
from tests.wagtail.valley_site import editor, press

MILL, LAKE, LARCH = "/en/walks/mill-path/", "/en/walks/lake-path/", "/en/huts/larch-hut/"
WITH_NOTICE, WITH_IMAGE, WITH_DOCUMENT = "/en/huts/kestrel-hut/", LARCH, "/en/news/new-timetable/"
SOME = (MILL, LAKE, WITH_NOTICE, WITH_IMAGE, WITH_DOCUMENT)


def page(slug: str, language: str = "en") -> Page:
    return Page.objects.get(slug=slug, locale__language_code=language).specific


def exact(site, change, expected: set[str], *more: str) -> None:
    effect = site.effect_on((*SOME, *more), change)
    assert not effect.stale
    assert effect.changed == expected
    assert effect.dropped == expected


@pytest.fixture
def with_body(valley):
    """Write a body for Mill path."""

    def write(*blocks) -> None:
        one = page("mill-path")
        one.body = list(blocks)
        one.save_revision().publish()
        # what is shown of a row is known to those who write it from the second render on
        valley.get(MILL)
        purge(everything=True)

    return write


# -- chooser blocks and rich text --------------------------------------------------------------


def test_a_block_that_names_a_page(valley, with_body):
    with_body(("page", page("saddle-hut")))

    def rename():
        one = page("saddle-hut")
        one.title = "Saddle"
        one.save_revision().publish()

    exact(valley, rename, {MILL})
    assert ">Saddle<" in valley.get(MILL).text

    def move():
        with transaction.atomic():
            page("saddle-hut").move(page("news"), "last-child")

    exact(valley, move, {MILL})
    assert 'href="/en/news/saddle-hut/"' in valley.get(MILL).text

    def take_offline():
        page("saddle-hut").unpublish()

    effect = valley.effect_on(SOME, take_offline)
    assert not effect.stale
    exact(valley, lambda: page("saddle-hut").delete(), {MILL})
    assert "Saddle" not in valley.get(MILL).text


def test_a_text_that_links_to_a_page_that_moves(valley, with_body):
    target = page("saddle-hut")
    with_body(("text", f'<p><a linktype="page" id="{target.pk}">up there</a></p>'))
    assert 'href="/en/huts/saddle-hut/"' in valley.get(MILL).text

    def move():
        with transaction.atomic():
            page("saddle-hut").move(page("news"), "last-child")

    exact(valley, move, {MILL})
    assert 'href="/en/news/saddle-hut/"' in valley.get(MILL).text

    def rename():
        one = page("saddle-hut")
        one.title = "Saddle"
        one.save_revision().publish()

    exact(valley, rename, set())  # the link has a text of its own

    def delete():
        page("saddle-hut").delete()

    exact(valley, delete, {MILL})


def test_a_text_that_links_to_a_page_in_a_section_that_moves(valley, with_body):
    target = page("saddle-hut")
    with_body(("text", f'<p><a linktype="page" id="{target.pk}">up there</a></p>'))
    valley.warm([MILL])
    with transaction.atomic():
        page("huts").move(page("news"), "last-child")
    assert 'href="/en/news/huts/saddle-hut/"' in valley.get(MILL).text


def test_a_text_with_an_image_and_a_document(valley, with_body):
    image, document = get_image_model().objects.get(), get_document_model().objects.get()
    link = f'<p><a linktype="document" id="{document.pk}">times</a></p>'
    with_body(("text", f'{link}<embed embedtype="image" id="{image.pk}" format="left" alt="k"/>'))
    before = valley.get(MILL).text

    def replace():
        image.file = drawing(20, "owl.png")
        image._set_image_file_metadata()
        image.save()
        image.renditions.all().delete()

    exact(valley, replace, {MILL, LAKE, WITH_IMAGE})
    assert valley.get(MILL).text != before

    def rename_file():
        document.file.save("times.txt", ContentFile(b"9:00\n"))
        document.save()

    exact(valley, rename_file, {MILL, WITH_DOCUMENT})
    assert "times.txt" in valley.get(MILL).text


def test_what_a_block_named_is_deleted(valley):
    exact(valley, lambda: Notice.objects.get().delete(), {WITH_NOTICE})
    exact(valley, lambda: get_image_model().objects.get().delete(), {LAKE, WITH_IMAGE})
    exact(valley, lambda: get_document_model().objects.get().delete(), {WITH_DOCUMENT})


# -- images and documents ------------------------------------------------------------------------


def test_a_document_has_another_title(valley):
    def rename():
        one = get_document_model().objects.get()
        one.title = "Times"
        one.save()

    exact(valley, rename, {WITH_DOCUMENT})


def test_a_document_has_another_file(valley):
    document = get_document_model().objects.get()
    assert valley.get(document.url).content == b"8:10\n9:10\n"
    document.file.save("timetable.txt", ContentFile(b"7:00\n"))
    document.save()
    assert valley.get(document.url).content == b"7:00\n"


def test_what_no_page_shows_of_files_drops_none(valley):
    def sort():
        shelf = Collection.get_first_root_node().add_child(name="Shelf")
        get_image_model().objects.update(collection=shelf)
        get_document_model().objects.get().tags.add("times")
        get_image_model().objects.create(title="An owl", file=drawing(90, "owl.png"))

    exact(valley, sort, set())


def test_an_image_is_edited_in_the_admin(valley):
    ann = editor(valley.application)
    image = get_image_model().objects.get()

    def rename():
        answer = press(
            ann,
            f"/admin/images/{image.pk}/",
            title="A falcon",
            description="",
            tags="",
            collection=image.collection_id,
        )
        assert answer.status_code == 302, answer.text

    exact(valley, rename, {LAKE, WITH_IMAGE})


# -- snippets ---------------------------------------------------------------------------------


def test_a_snippet_goes_live_and_ends_at_its_time(valley):
    soon = timezone.now() - timedelta(minutes=1)

    def go_live():
        one = Notice.objects.get()
        one.text, one.go_live_at = "Snow", soon
        one.save_revision(approved_go_live_at=soon)
        call_command("publish_scheduled")

    exact(valley, go_live, {WITH_NOTICE})
    assert "Snow" in valley.get(WITH_NOTICE).text

    def schedule():
        one = Notice.objects.get()
        one.text, one.go_live_at = "Thaw", timezone.now() + timedelta(days=1)
        one.save_revision().publish()

    exact(valley, schedule, set())


def test_a_snippet_is_edited_in_the_admin(valley):
    ann = editor(valley.application)
    at = f"/admin/snippets/valley/notice/edit/{Notice.objects.get().pk}/"

    def save(**more):
        answer = press(ann, at, text="Thaw", remark="", **more)
        assert answer.status_code == 302, answer.text

    exact(valley, save, set())
    exact(valley, lambda: save(**{"action-publish": "x"}), {WITH_NOTICE})
    assert "Thaw" in valley.get(WITH_NOTICE).text


def test_a_snippet_in_two_languages(valley, settings):
    settings.ROOT_URLCONF = "tests.wagtail.extra_urls"
    english = Hint.objects.create(
        text="Mind the gap", locale=Locale.objects.get(language_code="en")
    )
    german = english.copy_for_translation(Locale.objects.get(language_code="de"))
    german.text = "Vorsicht"
    german.save()
    paths = "/hints/en/", "/hints/de/"
    valley.get(paths[0])
    purge(everything=True)

    def publish():
        one = Hint.objects.get(locale__language_code="de")
        one.text = "Achtung"
        one.save_revision().publish()

    exact(valley, publish, {"/hints/de/"}, *paths)
    exact(valley, Hint.objects.get(locale__language_code="en").unpublish, {"/hints/en/"}, *paths)

    def lock():
        one = Hint.objects.get(locale__language_code="de")
        one.locked = True
        one.save()

    exact(valley, lock, set(), *paths)


# -- settings ---------------------------------------------------------------------------------


def test_a_setting_of_one_site(valley):
    exact(valley, lambda: Contact.objects.update(phone="999"), {*SOME})
    exact(valley, lambda: Contact.objects.update(keeper="Ben"), set())


def test_a_setting_of_another_site(valley):
    other = Site.objects.create(hostname="huts.example", port=80, root_page=page("huts"))
    exact(valley, lambda: Contact.objects.create(site=other, phone="1"), set())
    exact(valley, lambda: Contact.objects.filter(site=other).update(phone="2"), set())


def test_a_setting_of_all_sites(valley, settings):
    settings.ROOT_URLCONF = "tests.wagtail.extra_urls"
    Season.objects.create()
    at = "/season/"
    valley.get(at)
    purge(everything=True)
    exact(valley, lambda: Season.objects.update(name="spring"), {at}, at)
    assert valley.get(at).text == "spring"
    exact(valley, lambda: Season.objects.update(remark="late"), set(), at)
    ann = editor(valley.application)

    def save():
        edit = f"/admin/settings/more/season/{Season.objects.get().pk}/"
        assert press(ann, edit, name="summer", remark="").status_code == 302

    exact(valley, save, {at}, at)
    assert valley.get(at).text == "summer"
    Season.objects.all().delete()
    assert valley.get(at).text == "winter"  # made by whoever asks
