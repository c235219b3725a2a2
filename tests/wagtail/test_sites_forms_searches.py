"""Several sites, forms, and what visitors search for: nothing leaks, nothing is stale."""

from __future__ import annotations

import re

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from valley.models import StoryPage
from wagtail.contrib.forms.models import FormSubmission
from wagtail.contrib.search_promotions.models import Query, SearchPromotion
from wagtail.models import Page, Site

from freshpage import runtime, wsgi
from tests.doors.conftest import Visitor, is_hit
from tests.wagtail.more.models import AskPage, Field
from tests.wagtail.test_privacy import DROP_INS

MILL, LARCH, HUTS = "/en/walks/mill-path/", "/en/huts/larch-hut/", "/en/huts/"
LAKE = "/en/walks/lake-path/"  # leads to Larch hut


def page(slug: str, language: str = "en") -> Page:
    return Page.objects.get(slug=slug, locale__language_code=language).specific


# -- sites --------------------------------------------------------------------------------


def test_each_site_has_its_own_pages_at_the_same_address(valley):
    Site.objects.create(hostname="huts.example", port=80, root_page=page("huts"))
    at_huts = Visitor(valley.application, is_async=False, base="http://huts.example").ask
    for _ in range(3):
        valley_s, huts_ = valley.get("/en/"), at_huts("/en/")
        assert "<h1>Kestrel Valley</h1>" in valley_s.text
        assert "<h1>Huts</h1>" in huts_.text
    assert is_hit(valley_s)
    assert is_hit(huts_)
    assert at_huts("/en/larch-hut/").status_code == 200
    assert at_huts(MILL).status_code == 404


def test_a_new_site_takes_pages_to_another_host(valley):
    assert f'href="{LARCH}"' in valley.warm([LAKE])[LAKE].decode()

    def found():
        Site.objects.create(hostname="huts.example", port=80, root_page=page("huts"))

    effect = valley.effect_on([LAKE, HUTS], found)
    assert not effect.stale
    assert effect.changed <= effect.dropped
    for path in (LAKE, HUTS):
        assert valley.get(path).content == valley.fresh(path).content


def test_the_host_of_a_site_is_another(valley):
    one = Site.objects.create(hostname="huts.example", port=80, root_page=page("huts"))
    valley.warm([LAKE])

    def rename():
        one.hostname = "cabins.example"
        one.save()

    effect = valley.effect_on([LAKE, MILL], rename)
    assert not effect.stale
    assert effect.changed <= effect.dropped
    at_cabins = Visitor(valley.application, is_async=False, base="http://cabins.example").ask
    assert "<h1>Huts</h1>" in at_cabins("/en/").text
    effect = valley.effect_on([LAKE, MILL], one.delete)
    assert not effect.stale
    assert f'href="{LARCH}"' in valley.get(LAKE).text


@pytest.mark.parametrize("how", ["save", "update"])
def test_a_site_has_another_root(valley, how):
    valley.warm(["/en/"])
    if how == "save":
        site = Site.objects.get()
        site.root_page = page("huts")
        site.save()
    else:
        Site.objects.update(root_page=page("huts"))
    assert "<h1>Huts</h1>" in valley.get("/en/").text
    assert valley.get(MILL).status_code == 404


def test_the_root_page_moves_and_has_another_slug(valley):
    """Its own place in the tree shows in no address."""

    def rename():
        home = Site.objects.get().root_page.specific
        home.slug = "dale"
        home.save_revision().publish()

    effect = valley.effect_on([MILL, LAKE, "/en/"], rename)
    assert not effect.changed | effect.stale


def test_another_site_is_the_default(valley):
    """It answers hosts that no site has."""
    other = Site.objects.create(hostname="huts.example", port=80, root_page=page("huts"))
    stranger = Visitor(valley.application, is_async=False, base="http://stranger.example").ask
    for _ in range(2):
        assert "<h1>Kestrel Valley</h1>" in stranger("/en/").text
    with transaction.atomic():
        Site.objects.update(is_default_site=False)
        Site.objects.filter(pk=other.pk).update(is_default_site=True)
    assert "<h1>Huts</h1>" in stranger("/en/").text
    assert "<h1>Huts</h1>" in valley.get("/en/", host="stranger.example").text


# -- forms -------------------------------------------------------------------------------------


@pytest.fixture(params=["wsgi", "middleware", "drop-ins", "wagtail-cache"])
def at_a_form(request, at_a_site, settings) -> Visitor:
    """A page with a form, behind each door and drop-in."""
    within = {
        "wsgi": settings.MIDDLEWARE,
        "middleware": ["freshpage.middleware.PageCacheMiddleware", *settings.MIDDLEWARE],
        "drop-ins": [DROP_INS[0], *settings.MIDDLEWARE, DROP_INS[1]],
        "wagtail-cache": [
            "freshpage.compat.wagtailcache.cache.UpdateCacheMiddleware",
            *settings.MIDDLEWARE,
            "freshpage.compat.wagtailcache.cache.FetchFromCacheMiddleware",
        ],
    }
    settings.MIDDLEWARE = within[request.param]
    runtime.reset()
    application = WSGIHandler()
    if request.param == "wsgi":
        application = wsgi.PageCache(application)
    asked = AskPage(title="Ask us", slug="ask")
    page("news").add_child(instance=asked)
    Field.objects.create(page=asked, label="Name", field_type="singleline", required=True)
    return Visitor(application, is_async=False, base="http://localhost:8000")


ASK = "/en/news/ask/"


def filled(visitor: Visitor, name: str):
    """Ask for the form, and send it."""
    asked = visitor.ask(ASK)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', asked.text)
    cookie = asked.headers["Set-Cookie"].partition(";")[0].strip()
    assert token
    body = f"csrfmiddlewaretoken={token[1]}&name={name}".encode()
    return visitor.ask(
        ASK,
        "POST",
        content=body,
        cookie=cookie,
        content_type="application/x-www-form-urlencoded",
        content_length=str(len(body)),
    )


def test_a_form_is_each_visitor_s_own(at_a_form):
    tokens = set()
    for _ in range(3):
        answer = at_a_form.ask(ASK)
        tokens.add(re.search(r'value="(\w{64})"', answer.text)[1])
        assert "Set-Cookie" in answer.headers
    assert len(tokens) == 3


def test_what_is_sent_is_never_answered_from_the_cache(at_a_form):
    for number, name in enumerate(("Ann", "Ben", "Ann"), 1):
        answer = filled(at_a_form, name)
        assert answer.status_code == 200
        assert f"Ask us: {name}, thank you." in answer.text
        assert FormSubmission.objects.count() == number
    for _ in range(2):
        assert "thank you" not in at_a_form.ask(ASK).text
    assert "This field is required" in filled(at_a_form, "").text
    assert "This field is required" not in at_a_form.ask(ASK).text


def test_that_somebody_fills_in_a_form_drops_no_page(valley):
    asked = AskPage(title="Ask us", slug="ask")
    page("news").add_child(instance=asked)
    Field.objects.create(page=asked, label="Name", field_type="singleline", required=True)

    def fill_in():
        FormSubmission.objects.create(page=asked, form_data={"name": "Ann"})

    effect = valley.effect_on([MILL, "/en/news/", "/en/"], fill_in)
    assert not effect.dropped


# -- searches ------------------------------------------------------------------------------------


@pytest.fixture
def search(valley, settings):
    settings.ROOT_URLCONF = "tests.wagtail.extra_urls"
    return lambda path: valley.get(f"/search/?{path}")


def test_each_search_has_its_own_answer(valley, search):
    for _ in range(2):
        assert search("query=mill").text == "Mill path"
        assert search("query=ridge").text == "Ridge path"
        assert search("query=nothing").text == ""
    assert search("query=ridge&utm_source=x").text == "Ridge path"


def test_a_search_forgets_what_is_gone(valley, search):
    assert search("query=mill").text == "Mill path"
    one = page("mill-path")
    one.title = "Wheel path"
    one.save_revision()
    assert search("query=mill").text == "Mill path"  # a draft
    one.save_revision().publish()
    assert (search("query=mill").text, search("query=wheel").text) == ("", "Wheel path")
    page("mill-path").unpublish()
    assert search("query=wheel").text == ""
    page("walks").add_child(instance=StoryPage(title="A wheel", slug="wheel"))
    assert search("query=wheel").text == "A wheel"
    page("wheel").delete()
    assert search("query=wheel").text == ""


def test_a_search_that_counts_and_shows_what_is_promoted(valley, search):
    for _ in range(2):
        assert search("query=mill&counted=1").text == "Mill path"
    promoted = SearchPromotion.objects.create(
        query=Query.get("mill"), page=page("news"), description="Look here"
    )
    assert search("query=mill&counted=1").text == "Look here, Mill path"
    promoted.delete()
    assert search("query=mill&counted=1").text == "Mill path"
    effect = valley.effect_on([MILL, "/en/"], lambda: Query.get("mill").add_hit())
    assert not effect.dropped
