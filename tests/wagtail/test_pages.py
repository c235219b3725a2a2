"""What is done with pages shows at once on whatever page shows it, and drops no other one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from valley.models import SectionPage, StoryPage
from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Locale, Page, Revision, Workflow

from tests.wagtail.more.models import DiaryPage
from tests.wagtail.valley_site import editor, press

MILL, RIDGE = "/en/walks/mill-path/", "/en/walks/ridge-path/"
WALKS, HUTS, NEWS, HOME = "/en/walks/", "/en/huts/", "/en/news/", "/en/"
SOME = (HOME, WALKS, HUTS, MILL, RIDGE, "/de/walks/", "/de/walks/mill-path/")


def page(slug: str, language: str = "en") -> Page:
    return Page.objects.get(slug=slug, locale__language_code=language).specific


def publish(one, **changes) -> Revision:
    for name, value in changes.items():
        setattr(one, name, value)
    revision = one.save_revision()
    revision.publish()
    return revision


def exact(site, change, expected: set[str], paths=SOME) -> None:
    """A change changes these pages, and drops them alone."""
    effect = site.effect_on(paths, change)
    assert not effect.stale
    assert effect.changed == expected
    assert effect.dropped == expected


# -- pages come, go, and change places ----------------------------------------------------


def test_a_page_takes_the_place_of_not_found(valley):
    for _ in range(2):
        assert valley.get("/en/walks/gorge/").status_code == 404

    def add():
        page("walks").add_child(instance=StoryPage(title="Gorge", slug="gorge"))

    exact(valley, add, {WALKS})
    assert valley.get("/en/walks/gorge/").status_code == 200


def test_a_page_that_was_deleted_is_not_found(valley):
    exact(valley, lambda: page("forest-path").delete(), {WALKS}, (*SOME[:4], "/de/walks/"))
    assert valley.get("/en/walks/forest-path/").status_code == 404


def test_a_draft_of_a_new_page_is_not_found(valley):
    def add():
        one = StoryPage(title="Gorge", slug="gorge", live=False)
        page("walks").add_child(instance=one)
        one.save_revision()

    exact(valley, add, set())
    assert valley.get("/en/walks/gorge/").status_code == 404


def test_a_copy_with_all_that_lies_below(valley):
    def copy():
        page("walks").copy(recursive=True, update_attrs={"slug": "old", "title": "Old"})

    # it comes into the menu of all English pages
    exact(valley, copy, {path for path in SOME if path.startswith("/en/")})
    assert "Mill path, in short" in valley.get("/en/old/mill-path/").text


def test_the_order_of_the_menu(valley):
    def swap():
        with transaction.atomic():
            page("news").move(page("walks"), "left")

    # with the places of pages the order of their translations may change
    effect = valley.effect_on(SOME, swap)
    assert not effect.stale
    assert effect.changed == {path for path in SOME if path.startswith("/en/")}
    assert effect.changed <= effect.dropped


def test_a_section_that_moves_takes_its_pages_along(valley):
    def move():
        with transaction.atomic():
            page("huts").move(page("news"), "last-child")

    old = "/en/huts/larch-hut/"
    # it leaves the menu; Lake path links to one of its pages
    effect = valley.effect_on([*SOME, old, "/en/walks/lake-path/", NEWS], move)
    assert not effect.stale
    assert old in effect.dropped
    assert all(path in effect.dropped for path in effect.changed)
    assert 'href="/en/news/huts/larch-hut/"' in valley.get("/en/walks/lake-path/").text
    assert valley.get("/en/news/huts/larch-hut/").status_code == 200
    assert valley.get(old).headers["Location"] == "/en/news/huts/larch-hut/"


def test_who_asks_for_the_old_address_is_led_to_the_new_one(valley):
    valley.warm([MILL])
    publish(page("mill-path"), slug="mill")
    for _ in range(2):
        led = valley.get(MILL)
        assert (led.status_code, led.headers["Location"]) == (301, "/en/walks/mill/")
    publish(page("mill"), slug="wheel")
    assert valley.get(MILL).headers["Location"] == "/en/walks/wheel/"
    Redirect.objects.all().delete()
    assert valley.get(MILL).status_code == 404


def test_pages_of_a_list_and_addresses_below_a_page(valley):
    diary = DiaryPage(title="Diary", slug="diary")
    page("news").add_child(instance=diary)
    for title in ("Ash", "Beech", "Box"):
        diary.add_child(instance=SectionPage(title=title))
    first, second = "/en/news/diary/", "/en/news/diary/?page=2"
    of_a, of_b = "/en/news/diary/of/A/", "/en/news/diary/of/B/"
    shown = valley.warm([first, second, of_a, of_b])
    assert list(shown.values()) == [b"Ash, Beech", b"Box", b"Ash", b"Beech, Box"]

    def plant():
        diary.add_child(instance=SectionPage(title="Birch"))

    effect = valley.effect_on([first, second, of_a, of_b], plant)
    assert not effect.stale
    assert effect.changed == {second, of_b}


# -- revisions, locks, workflows -------------------------------------------------------------


def test_an_earlier_revision_that_is_published_again(valley):
    first = publish(page("mill-path"), summary="The first text")
    exact(valley, lambda: publish(page("mill-path"), summary="The second"), {MILL})
    exact(valley, first.publish, {MILL})
    assert "The first text" in valley.get(MILL).text


def test_a_locked_page(valley):
    def lock():
        one = page("mill-path")
        one.locked, one.locked_at = True, timezone.now()
        one.save()

    exact(valley, lock, set())
    ann = editor(valley.application)
    at = f"/admin/pages/{page('mill-path').pk}"

    def unlock():
        assert press(ann, f"{at}/unlock/").status_code == 302

    exact(valley, unlock, set())
    assert not page("mill-path").locked


def test_a_page_goes_live_with_the_last_approval(valley):
    ann = editor(valley.application)
    from django.contrib.auth import get_user_model

    user = get_user_model().objects.get(username="ann")
    workflow = Workflow.objects.get(name="Moderators approval")
    one = page("mill-path")
    one.summary = "Approved"
    one.save_revision()

    def submit():
        workflow.start(page("mill-path"), user)

    def approve():
        state = page("mill-path").current_workflow_task_state
        state.approve(user=user)

    exact(valley, submit, set())
    exact(valley, approve, {MILL})
    assert "Approved" in valley.get(MILL).text
    ann.close()


# -- aliases and translations -----------------------------------------------------------------


@pytest.fixture
def alias(valley) -> str:
    page("mill-path").create_alias(parent=page("huts"), update_slug="mill", update_locale=None)
    return "/en/huts/mill/"


def test_an_alias_shows_what_its_page_publishes(valley, alias):
    paths = (*SOME, alias)
    exact(valley, lambda: publish(page("mill-path"), summary="Both"), {MILL, alias}, paths)
    assert "Both" in valley.get(alias).text
    exact(valley, lambda: save_draft("mill-path", "Neither"), set(), paths)


def save_draft(slug: str, text: str) -> None:
    one = page(slug)
    one.summary = text
    one.save_revision()


def test_an_alias_that_becomes_a_page_of_its_own(valley, alias):
    copied = Page.objects.get(slug="mill", alias_of__isnull=False)
    ann = editor(valley.application)

    def convert():
        answer = press(ann, f"/admin/pages/{copied.pk}/convert_alias/")
        assert answer.status_code == 302

    effect = valley.effect_on([*SOME, alias], convert)
    assert not effect.changed | effect.stale
    assert effect.dropped <= {alias}
    assert Page.objects.get(pk=copied.pk).alias_of is None
    exact(valley, lambda: publish(page("mill-path"), summary="Alone"), {MILL}, (*SOME, alias))


def test_an_alias_goes_with_its_page(valley, alias):
    valley.warm([MILL, alias])
    exact(valley, page("mill-path").delete, {WALKS, HUTS, "/de/walks/mill-path/"}, OTHERS)
    assert valley.get(alias).status_code == valley.get(MILL).status_code == 404


OTHERS = tuple(path for path in SOME if path != MILL)


def test_a_translation_that_is_taken_offline(valley):
    # the English one no longer leads to it
    paths = [path for path in SOME if path != "/de/walks/mill-path/"]
    exact(valley, page("mill-path", "de").unpublish, {MILL, "/de/walks/"}, paths)
    assert valley.get("/de/walks/mill-path/").status_code == 404


def test_a_language_that_is_new_and_then_deleted(valley, settings):
    settings.LANGUAGES = settings.WAGTAIL_CONTENT_LANGUAGES = [
        *settings.LANGUAGES,
        ("fr", "Français"),
    ]
    french = Locale.objects.create(language_code="fr")

    def translate():
        copied = page("mill-path").copy_for_translation(french, copy_parents=True)
        copied.save_revision().publish()

    # the pages above come along, as aliases
    above = {HOME, WALKS, MILL, "/de/walks/", "/de/walks/mill-path/"}
    # another home page is one more root of the site, and every address is made from its roots
    effect = valley.effect_on(SOME, translate)
    assert not effect.stale
    assert effect.changed == above
    assert effect.changed <= effect.dropped
    assert 'hreflang="fr"' in valley.get(MILL).text

    def delete():
        Page.objects.filter(locale=french, depth=2).get().delete()
        french.delete()

    effect = valley.effect_on(SOME, delete)
    assert not effect.stale
    assert effect.changed == above


def test_a_page_and_its_translation_are_published_apart(valley):
    exact(valley, lambda: publish(page("mill-path", "de"), summary="x"), {"/de/walks/mill-path/"})


# -- at their time -------------------------------------------------------------------------


def test_what_was_scheduled_and_is_withdrawn_never_shows(valley):
    past = timezone.now() - timedelta(minutes=1)
    one = page("mill-path")
    one.summary, one.go_live_at = "Too early", past
    revision = one.save_revision(approved_go_live_at=past)

    def withdraw():
        Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=None)
        call_command("publish_scheduled")

    exact(valley, withdraw, set())
    assert "Too early" not in valley.get(MILL).text


def test_a_page_scheduled_in_the_admin_goes_live_and_ends_by_the_command(valley):
    one = page("mill-path")
    now = timezone.now()
    one.summary, one.go_live_at = "At last", now + timedelta(hours=1)
    one.expire_at = now + timedelta(hours=2)
    exact(valley, lambda: one.save_revision().publish(), set())
    soon = now - timedelta(minutes=2)

    def pass_the_hour():
        latest = page("mill-path").latest_revision
        latest.content["go_live_at"] = soon.isoformat()
        latest.approved_go_live_at = soon
        latest.save()
        call_command("publish_scheduled")

    exact(valley, pass_the_hour, {MILL})
    assert "At last" in valley.get(MILL).text

    def pass_another():
        Page.objects.filter(slug="mill-path", locale__language_code="en").update(expire_at=soon)
        call_command("publish_scheduled")

    exact(valley, pass_another, {WALKS, "/de/walks/mill-path/"}, OTHERS)
    assert valley.get(MILL).status_code == 404
