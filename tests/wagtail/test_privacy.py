"""What an editor or a visitor with rights sees reaches nobody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.handlers.wsgi import WSGIHandler
from valley.models import StoryPage
from wagtail.documents import get_document_model
from wagtail.models import Collection, CollectionViewRestriction, Page, PageViewRestriction
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from freshpage import runtime
from tests.doors.conftest import is_hit, status
from tests.wagtail.valley_site import ValleySite, editor, press

PATH = "/en/walks/mill-path/"
DROP_INS = (
    "freshpage.compat.django.UpdateCacheMiddleware",
    "freshpage.compat.django.FetchFromCacheMiddleware",
)


def mill_path() -> StoryPage:
    return StoryPage.objects.get(slug="mill-path", locale__language_code="en")


def draft(text: str) -> StoryPage:
    page = mill_path()
    page.summary = text
    page.save_revision()
    return page


# -- drafts, previews, the userbar --------------------------------------------------------


def filled(text: str) -> dict[str, object]:
    """The edit form of the page."""
    return nested_form_data(
        {
            "title": "Mill path",
            "slug": "mill-path",
            "summary": text,
            "body": streamfield([]),
            "related": inline_formset([]),
            "comments": inline_formset([]),
        }
    )


@pytest.fixture(params=["wsgi", "middleware", "drop-ins"])
def site(request, at_a_site, settings) -> ValleySite:
    """The site behind a door further out, behind one that previews pass again, and drop-ins."""
    if request.param == "middleware":
        door = "freshpage.middleware.PageCacheMiddleware"
        settings.MIDDLEWARE = [door, *settings.MIDDLEWARE]
    elif request.param == "drop-ins":
        settings.MIDDLEWARE = [DROP_INS[0], *settings.MIDDLEWARE, DROP_INS[1]]
    runtime.reset()
    site = ValleySite()
    if request.param != "wsgi":
        site.behind(WSGIHandler())
    return site


@pytest.mark.parametrize("anonymous_first", [True, False])
def test_previews_and_drafts_reach_nobody_else(site, anonymous_first):
    if anonymous_first:
        assert is_hit_twice(site)
    ann = editor(site.application)
    page = draft("A draft of the mill")
    at = f"/admin/pages/{page.pk}"
    shown = ann.get(f"{at}/view_draft/")
    assert "A draft of the mill" in shown.text
    assert press(ann, f"{at}/edit/preview/", **filled("Only a preview")).json()["is_valid"]
    assert "Only a preview" in ann.get(f"{at}/edit/preview/").text
    for _ in range(2):
        for path in (f"{at}/view_draft/", f"{at}/edit/preview/"):
            assert site.get(path).status_code == 302  # to the login
        public = site.get(PATH)
        assert public.status_code == 200
        assert "Mill path, in short" in public.text
    assert "A draft of the mill" in ann.get(f"{at}/view_draft/").text


def test_the_userbar_is_for_the_editor_alone(site):
    assert is_hit_twice(site)
    ann = editor(site.application)
    for _ in range(2):
        assert "wagtail-userbar" in ann.get(PATH).text
        assert "wagtail-userbar" not in site.get(PATH).text
    assert is_hit(site.get(PATH))


def test_the_editor_sees_a_change_at_once_and_so_does_everybody(site):
    assert is_hit_twice(site)
    ann = editor(site.application)
    at = f"/admin/pages/{mill_path().pk}/edit/"
    data = filled("The wheel turns") | {"action-publish": "action-publish"}
    assert press(ann, at, **data).status_code == 302
    assert "The wheel turns" in ann.get(PATH).text
    assert "The wheel turns" in site.get(PATH).text


def is_hit_twice(site) -> bool:
    site.get(PATH)
    return all(is_hit(site.get(PATH)) for _ in range(2))


# -- pages that are not for all --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["password", "login", "groups"])
def test_a_restricted_page_is_for_those_who_may(site, kind):
    assert is_hit_twice(site)
    page = mill_path()
    one = PageViewRestriction.objects.create(
        page=page, restriction_type=kind, password="kestrel" if kind == "password" else ""
    )
    one.groups.add(Group.objects.get_or_create(name="rangers")[0])
    for _ in range(2):
        assert "Mill path, in short" not in site.get(PATH).text
    ann = editor(site.application)
    if kind == "password":
        way = f"/_util/authenticate_with_password/{one.pk}/{page.pk}/"
        form = ann.get(PATH)
        assert "Mill path, in short" not in form.text
        action = form.text.partition('action="')[2].partition('"')[0]
        assert action.endswith(way)
        assert press(ann, action, password="kestrel", return_url=PATH).status_code == 302
    for _ in range(2):
        assert "Mill path, in short" in ann.get(PATH).text
        assert "Mill path, in short" not in site.get(PATH).text
    one.delete()
    assert is_hit_twice(site)


def test_a_section_made_private_takes_its_pages_along(site):
    assert is_hit_twice(site)
    walks = Page.objects.get(slug="walks", locale__language_code="en")
    PageViewRestriction.objects.create(page=walks, restriction_type="login")
    assert site.get(PATH).status_code == 302


# -- documents ---------------------------------------------------------------------------------


def test_a_document_is_kept_as_long_as_all_may_have_it(valley):
    document = get_document_model().objects.get()
    for _ in range(2):
        answer = valley.get(document.url)
        assert answer.content == b"8:10\n9:10\n"
    assert is_hit(answer), status(answer)
    assert valley.get(document.url, range="bytes=0-3").content == b"8:10"
    etag = answer.headers["ETag"]
    assert valley.get(document.url, if_none_match=etag).status_code == 304
    secret = Collection.get_first_root_node().add_child(name="For rangers")
    restriction = CollectionViewRestriction.objects.create(
        collection=secret, restriction_type="login"
    )
    document.collection = secret
    document.save()
    assert valley.get(document.url).status_code == 302
    ann = editor(valley.application)
    for _ in range(2):
        assert ann.get(document.url).content == b"8:10\n9:10\n"
        assert valley.get(document.url).status_code == 302
    restriction.delete()
    assert valley.get(document.url).status_code == 200


def test_a_document_that_was_deleted_is_gone(valley):
    document = get_document_model().objects.get()
    url = document.url
    valley.get(url)
    document.delete()
    assert valley.get(url).status_code == 404
