"""A page of django-cms comes from the cache, through every door and without one."""

from __future__ import annotations

import pytest
from cms import constants
from cms.cache.page import get_page_cache
from cms.utils.conf import get_cms_setting
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from tests.cms.conftest import MIDDLEWARE
from tests.doors.conftest import DOORS, is_hit, status


def test_the_second_request_is_a_hit_with_the_same_answer(site):
    site.page("Town", ("PassagePlugin", "a small town"))
    first = site.get("/en/town/")
    second = site.get("/en/town/")
    assert "a small town" in first.text
    assert "stored" in status(first)
    assert is_hit(second)
    assert second.content == first.content
    assert second.status_code == first.status_code == 200
    told = [set(response.headers) - {"age"} for response in (first, second)]
    assert told[0] == told[1]


def test_a_page_without_placeholders_content_lives_as_long_as_the_site_says(site):
    site.page("Town")
    content = get_cms_setting("CACHE_DURATIONS")["content"]
    assert content - 5 <= site.life("/en/town/") <= content
    assert is_hit(site.get("/en/town/"))


def test_head_is_answered_from_the_page_that_was_asked_for_with_get(site, door):
    site.page("Town", ("PassagePlugin", "a small town"))
    page = site.get("/en/town/")
    head = site.get("/en/town/", method="HEAD")
    assert is_hit(head)
    assert head.content == b"" or door == "none"  # there the server takes it off
    assert head.headers["Content-Length"] == str(len(page.content))


def test_what_a_visitor_asks_of_caches_is_not_for_the_view(make_site):
    site = make_site("none", CLIENT_DIRECTIVES=True)
    site.page("Town", ("PassagePlugin", "a small town"))
    for _ in range(2):
        page = site.get("/en/town/", Cache_Control="only-if-cached", Range="bytes=0-9")
        assert page.status_code == 200
        assert "a small town" in page.text


def test_a_precondition_is_for_django_to_judge(site):
    site.page("Town")
    for _ in range(2):
        page = site.get("/en/town/", If_Match='"some"')
        assert page.status_code == 200
        assert not is_hit(page)


def test_a_post_is_never_answered_from_the_cache(make_site, door):
    site = make_site(door, [name for name in MIDDLEWARE if "csrf" not in name])
    site.page("Town", ("PassagePlugin", "a small town"))
    site.get("/en/town/")
    posted = site.get("/en/town/", method="POST", content=b"name=value")
    assert not is_hit(posted)
    assert "stored" not in status(posted)


@pytest.mark.parametrize("asked", ["on a hit", "on a miss"])
def test_who_has_the_page_already_is_told_so(site, asked):
    content = site.page("Town", ("PassagePlugin", "a small town"))
    etag = site.get("/en/town/").headers["ETag"]
    if asked == "on a miss":
        site.publish(site.draft("Elsewhere"))
        site.rewrite(content, "a small town")
        etag = site.get("/en/town/").headers["ETag"]
        site.rewrite(content, "a small town")
    answer = site.get("/en/town/", If_None_Match=etag)
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["ETag"] == etag
    assert answer.headers.get("X-Frame-Options", "DENY") == "DENY"
    assert site.get("/en/town/", If_None_Match='"another"').status_code == 200


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (constants.X_FRAME_OPTIONS_INHERIT, "DENY"),  # what the middleware adds
        (constants.X_FRAME_OPTIONS_SAMEORIGIN, "SAMEORIGIN"),
        (constants.X_FRAME_OPTIONS_DENY, "DENY"),
        (constants.X_FRAME_OPTIONS_ALLOW, None),
    ],
)
def test_framing_is_ruled_on_a_hit_as_on_a_miss(site, option, expected):
    site.page("Town", xframe_options=option)
    first, second = site.get("/en/town/"), site.get("/en/town/")
    assert is_hit(second)
    assert [page.headers.get("X-Frame-Options") for page in (first, second)] == [expected] * 2


@pytest.mark.parametrize("door", ["none", *DOORS])
def test_behind_a_door_there_is_one_entry_a_page(make_site, door):
    site = make_site(door)
    site.page("Town")
    site.get("/en/town/")
    request = RequestFactory().get("/en/town/")
    request.user = AnonymousUser()
    request.LANGUAGE_CODE = "en"
    stored_by_the_functions = get_page_cache(request) is not None
    assert stored_by_the_functions == (door == "none")


def test_languages_have_pages_of_their_own(site):
    content = site.page("Town")
    site.translate(content, "Stadt")
    assert "Town" in site.get("/en/town/").text
    assert "Stadt" in site.get("/de/stadt/").text
    for path, title in (("/en/town/", "Town"), ("/de/stadt/", "Stadt")):
        page = site.get(path)
        assert is_hit(page)
        assert title in page.text


def test_a_page_is_the_same_for_those_who_bring_a_language_cookie_and_those_who_do_not(site):
    """django-cms's middleware sets the cookie on every answer, and no page with a cookie is
    stored: behind a door crawlers would have each page rendered."""
    site.page("Town")
    assert "stored" in status(site.get("/en/town/"))
    assert is_hit(site.get("/en/town/"))
    assert is_hit(site.get("/en/town/", Cookie="django_language=en"))
