"""What a change drops, of all the pages of the example: those whose bytes it changes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from valley.content import drawing
from valley.models import Contact, Notice
from wagtail.images import get_image_model
from wagtail.models import Page, PageViewRestriction, Site

MOST = 1.1  # dropped, for each page that changed


def page(slug: str, language: str = "en"):
    return Page.objects.get(slug=slug, locale__language_code=language).specific


def publish(one, **changes):
    for name, value in changes.items():
        setattr(one, name, value)
    one.save_revision().publish()


def save_draft():
    one = page("mill-path")
    one.title = one.summary = "Not yet"
    one.save_revision()


def schedule():
    one = page("mill-path")
    one.summary = "Tomorrow"
    one.go_live_at = timezone.now() + timedelta(days=1)
    one.save_revision().publish()


def publish_scheduled():
    """What was approved for a moment ago goes live, as by cron."""
    one, past = page("mill-path"), timezone.now() - timedelta(minutes=1)
    one.summary, one.go_live_at = "Open again", past
    revision = one.save_revision(approved_go_live_at=past)
    assert page("mill-path").approved_schedule, revision
    call_command("publish_scheduled")


def expire():
    past = timezone.now() - timedelta(minutes=1)
    Page.objects.filter(pk=page("mill-path").pk).update(expire_at=past)
    call_command("publish_scheduled")


def snippet(**changes):
    publish(Notice.objects.get(), **changes)


def snippet_draft():
    one = Notice.objects.get()
    one.text = "Not yet"
    one.save_revision()


def image(**changes):
    one = get_image_model().objects.get()
    for name, value in changes.items():
        setattr(one, name, value)
    one.save()
    if "file" in changes:  # as the admin does it
        one._set_image_file_metadata()
        one.save()
        one.renditions.all().delete()


def tag_image():
    get_image_model().objects.get().tags.add("grey")


def setting(**changes):
    Contact.objects.update(**changes)


def make_private():
    PageViewRestriction.objects.create(page=page("bridge-open"), restriction_type="login")


def make_section_private():
    PageViewRestriction.objects.create(
        page=page("huts"), restriction_type="password", password="kestrel"
    )


def move():
    with transaction.atomic():
        page("forest-path").move(page("huts"), "last-child")


def change_slug():
    publish(page("forest-path"), slug="wood-path")


def alias():
    page("ridge-path").create_alias(parent=page("huts"), update_slug="ridge", update_locale=None)


def translate():
    copied = page("saddle-hut", "de")
    publish(copied, title="Sattelhütte")


def site_root(**changes):
    site = Site.objects.get()
    for name, value in changes.items():
        setattr(site, name, value)
    site.save()


# name, change, how many pages it changes, and addresses beside the published pages
CHANGES = [
    ("page text published", lambda: publish(page("ridge-path"), summary="Up and down"), 1),
    ("draft saved", save_draft, 0),
    ("publishing scheduled", schedule, 0),
    ("scheduled text goes live", publish_scheduled, 1),
    ("page expires", expire, 3),
    ("unpublished", lambda: page("saddle-hut").unpublish(), 3),
    ("page title in a menu", lambda: publish(page("huts"), title="Cabins"), 15),
    ("page taken from the menu", lambda: publish(page("news"), show_in_menus=False), 14),
    ("title of a page others link to", lambda: publish(page("larch-hut"), title="Larch"), 5),
    ("slug changed", change_slug, 4, "/en/walks/wood-path/"),
    ("page moved", move, 5, "/en/huts/forest-path/"),
    ("alias made", alias, 2, "/en/huts/ridge/"),
    ("translation published", translate, 3),
    ("translation deleted", lambda: page("saddle-hut", "de").delete(), 3),
    ("snippet", lambda: snippet(text="Thaw"), 6),
    ("snippet, what is not shown", lambda: snippet(remark="for now"), 0),
    ("snippet draft saved", snippet_draft, 0),
    ("image title", lambda: image(title="A falcon"), 6),
    ("image file", lambda: image(file=drawing(30, "falcon.png")), 6),
    ("image description", lambda: image(description="It hovers"), 6),
    ("image tags", tag_image, 0),
    ("setting", lambda: setting(phone="9999"), 28),
    ("setting, what is not shown", lambda: setting(keeper="Ben"), 0),
    ("page made private", make_private, 1),
    ("section made private", make_section_private, 4),
    ("site renamed", lambda: site_root(site_name="The valley"), 0),
    ("site root", lambda: site_root(root_page=page("huts")), 28),
]


@pytest.mark.parametrize("case", CHANGES, ids=[case[0] for case in CHANGES])
def test_a_change_drops_what_shows_it(valley, case, record_property):
    name, change, expected, *more = case
    effect = valley.effect(change, *more)
    dropped, changed = len(effect.dropped), len(effect.changed)
    record_property("figure", f"{name}: {dropped} pages dropped, {changed} changed")
    assert not effect.stale
    assert changed == expected
    assert effect.changed <= effect.dropped
    assert dropped <= MOST * changed, effect.dropped - effect.changed
