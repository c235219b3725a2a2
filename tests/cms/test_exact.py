"""What a change drops: the pages that show it, and no others."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from cms.api import add_plugin
from cms.models import ACCESS_PAGE, ACCESS_PAGE_AND_DESCENDANTS, Page, PageContent, PagePermission
from django.contrib.auth.models import Group
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction

from tests.cms.town import Town
from tests.doors.conftest import Visitor


@pytest.fixture
def door():
    return "wsgi"


def test_a_text_is_of_its_page(town):
    def change():
        town.contents["Orchard"] = town.site.rewrite(town.contents["Orchard"], "apples")

    assert town.dropped(change) == {"Orchard"}


def test_a_draft_is_nobody_s(town):
    def change():
        version = town.contents["Orchard"].versions.get().copy(town.site.editor)
        version.content.update(title="Grove", menu_title="Grove")
        add_plugin(town.site.placeholder(version.content), "PassagePlugin", "en", text="new")
        version.archive(town.site.editor)

    assert town.dropped(change) == set()


def test_a_menu_title_is_of_the_pages_whose_menus_show_it(town):
    dropped = town.dropped(lambda: town.retitle("Meadow", menu_title="Grass"))
    assert dropped == {"Parks", "Orchard", "Meadow", "Apples"}


def test_a_root_is_in_every_menu(town):
    dropped = town.dropped(lambda: town.retitle("Library", menu_title="Books"))
    assert dropped == set(town.contents)


def test_what_is_below_an_inactive_node_is_not_shown(town):
    dropped = town.dropped(lambda: town.add("Novels", "Circle"))
    assert dropped <= {"Circle"}


def test_a_page_that_appears_is_shown_by_its_section(town):
    dropped = town.dropped(lambda: town.add("Pond", "Parks"))
    assert dropped == {"Parks", "Orchard", "Meadow", "Apples"}


def test_a_page_shows_what_its_attributes_say_only_where_it_is_asked_for_them(town):
    dropped = town.dropped(lambda: town.page("Meadow").update(login_required=True))
    assert dropped == {"Meadow"}


def test_a_page_that_is_moved_changes_both_sections(town):
    def change():
        with transaction.atomic():
            town.page("Meadow").move_page(town.page("Library"), position="last-child")

    dropped = town.dropped(change)
    assert dropped == {"Parks", "Orchard", "Meadow", "Apples", "Library", "Circle"}


def test_a_view_restriction_is_of_the_menus_that_showed_the_page(town):
    group = Group.objects.create(name="council")

    def change():
        PagePermission.objects.create(
            page=town.page("Meadow"), group=group, grant_on=ACCESS_PAGE, can_view=True
        )

    assert town.dropped(change) == {"Parks", "Orchard", "Meadow", "Apples"}


def test_one_language_does_not_depend_on_another(town):
    town.site.translate(town.contents["Orchard"], "Obstgarten")
    german = PageContent.objects.get(page=town.contents["Orchard"].page, language="de")

    def change():
        town.site.rewrite(german, "Äpfel")

    assert town.dropped(change) == set()


def test_a_page_that_is_published_is_seen_where_it_was_missing(town):
    path = "/en/parks/pond/"
    for _ in range(2):
        assert town.site.get(path).status_code == 404
    town.add("Pond", "Parks")
    assert town.site.get(path).status_code == 200


# -- beside a fresh render -----------------------------------------------------------------


def _changes(town: Town, chance: random.Random) -> dict[str, Callable[[], object]]:
    title = chance.choice(list(town.contents))
    other = chance.choice([one for one in town.contents if one != title])
    group = Group.objects.get_or_create(name="council")[0]

    def move() -> None:
        page, target = town.page(title), town.page(other)
        position = chance.choice(["first-child", "last-child", "left", "right"])
        if not target.path.startswith(page.path):
            with transaction.atomic():
                page.move_page(target, position=position)

    def toggle(**fields: bool) -> None:
        content = PageContent.objects.get(pk=town.contents[title].pk)
        content.update(**{name: not getattr(content, name) for name in fields})

    def take_down() -> None:
        version = town.contents[title].versions.get()
        version.unpublish(town.site.editor)
        town.contents[title] = version.copy(town.site.editor).content

    def restrict() -> None:
        grants = chance.choice([ACCESS_PAGE, ACCESS_PAGE_AND_DESCENDANTS])
        PagePermission.objects.create(
            page=town.page(title), group=group, grant_on=grants, can_view=True
        )

    def publish() -> None:
        for content in town.contents.values():
            version = content.versions.get()
            if version.state == "draft":
                version.publish(town.site.editor)

    def retitle() -> None:
        if town.contents[title].versions.get().state == "published":
            town.retitle(title, menu_title=f"Title {chance.randrange(100)}")

    def name() -> None:
        Page.objects.filter(reverse_id="footer").update(reverse_id=None)
        town.page(title).update(reverse_id="footer")

    return {
        "retitle": retitle,
        "move": move,
        "hide": lambda: toggle(in_navigation=True),
        "soft root": lambda: toggle(soft_root=True),
        "take down": take_down,
        "publish": publish,
        "restrict": restrict,
        "open": lambda: PagePermission.objects.all().delete(),
        "name": name,
    }


@pytest.mark.parametrize("seed", range(3))
def test_every_page_is_as_a_fresh_render_whatever_is_changed(town, seed):
    bare, chance = Visitor(WSGIHandler(), False), random.Random(seed)
    paths = set(town.paths().values())
    for number in range(20):
        named = _changes(town, chance)
        what = chance.choice(list(named))
        state = town.contents
        if what == "take down" and any(
            one.versions.get().state != "published" for one in state.values()
        ):
            what = "publish"
        named[what]()
        paths |= set(filter(None, town.paths().values()))
        for path in sorted(paths):
            for _ in range(2):
                given, fresh = town.site.get(path), bare.ask(path)
                assert (given.status_code, given.text) == (fresh.status_code, fresh.text), (
                    f"{what} ({number}): {path}"
                )
