"""What a visitor gets, whichever door the request comes in by."""

from __future__ import annotations

import pytest

import freshpage
from freshpage import wsgi
from tests.doors.conftest import is_hit, status
from tests.doors.site import RENDERS

PER_ANSWER = {"age", "cache-status", "date"}


def fields(response):
    return sorted((k, v) for k, v in response.headers.multi_items() if k not in PER_ANSWER)


@pytest.mark.parametrize(
    "path", ["/page/", "/large/", "/stated/", "/decorated/", "/decorated-async/"]
)
def test_the_second_request_is_a_hit_with_the_same_bytes_and_fields(visitor, path):
    first, second = visitor.get(path), visitor.get(path)
    assert first.status_code == second.status_code == 200
    assert status(first) == "freshpage; fwd=uri-miss; stored"
    assert status(second).startswith("freshpage; hit; ttl=")
    assert second.content == first.content
    assert fields(second) == fields(first)
    assert second.headers["Age"].isdecimal()
    assert RENDERS[path] == 1


def test_browsers_are_told_to_ask_again_unless_the_view_said_otherwise(visitor):
    silent, stated = visitor.get("/page/"), visitor.get("/stated/")
    assert silent.headers["Cache-Control"] == "no-cache"
    assert silent.headers["ETag"]
    assert stated.headers["Cache-Control"] == "max-age=30, public"


def test_asking_again_costs_a_304(visitor):
    etag = visitor.get("/page/").headers["ETag"]
    again = visitor.get("/page/", If_None_Match=etag)
    assert (again.status_code, again.content, is_hit(again)) == (304, b"", True)
    assert again.headers["ETag"] == etag
    assert RENDERS["/page/"] == 1


def test_a_condition_on_a_miss_does_not_keep_the_page_from_being_stored(visitor):
    first = visitor.get("/page/", If_None_Match='"of another page"')
    assert first.status_code == 200
    assert is_hit(visitor.get("/page/"))


def test_the_view_is_asked_with_its_own_validator_and_its_304_refreshes(visitor):
    first, second, third = (visitor.get("/validated/") for _ in range(3))
    assert [r.status_code for r in (first, second, third)] == [200, 200, 200]
    assert first.content == second.content == third.content == b"validated"
    assert "fwd=stale; fwd-status=304" in status(second)
    assert RENDERS["/validated/"] == 3


def test_head_is_answered_from_the_get(visitor):
    full = visitor.get("/page/")
    head = visitor.ask("/page/", "HEAD")
    assert is_hit(head)
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(full.content))


def test_a_part_is_cut_from_the_stored_whole(visitor):
    whole = visitor.get("/large/").content
    part = visitor.get("/large/", Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, whole[10:20])


def test_vary_is_in_the_key(visitor):
    answers = [visitor.get("/language/", X_Kind=kind) for kind in ("a", "b", "a", "b")]
    assert [a.text for a in answers] == ["a", "b", "a", "b"]
    assert [is_hit(a) for a in answers] == [False, False, True, True]
    absent, empty = visitor.get("/language/"), visitor.get("/language/", X_Kind="")
    assert (absent.text, empty.text) == ("None", "")


@pytest.mark.parametrize("path", ["/private/", "/sets-cookie/", "/never/"])
def test_what_is_not_public_is_not_stored(visitor, path):
    for _ in range(2):
        answer = visitor.get(path)
        assert not is_hit(answer)
        assert "stored" not in status(answer)


def test_a_page_that_varies_on_a_session_is_not_stored_for_who_has_one(visitor):
    for _ in range(2):
        assert not is_hit(visitor.get("/themed/", Cookie="sessionid=abc; theme=dark"))
    assert visitor.get("/themed/", Cookie="theme=dark").text == "theme dark"
    assert is_hit(visitor.get("/themed/", Cookie="theme=dark"))
    assert visitor.get("/themed/", Cookie="theme=light").text == "theme light"


def test_a_session_that_a_view_read_keeps_its_page_out(make_visitor, door):
    visitor = make_visitor(door)
    for _ in range(2):
        assert not is_hit(visitor.get("/sessioned/", Cookie="sessionid=abc"))


def test_authorization_bypasses(visitor):
    visitor.get("/page/")
    assert not is_hit(visitor.get("/page/", Authorization="Basic eDp5"))
    assert RENDERS["/page/"] == 2


def test_a_body_on_get_bypasses(visitor):
    visitor.get("/page/")
    assert not is_hit(visitor.ask("/page/", content=b"fat"))


def test_unsafe_methods_pass_and_drop_the_page(visitor):
    visitor.get("/page/")
    assert visitor.ask("/page/", "POST", content=b"x=1").status_code == 200
    assert not is_hit(visitor.get("/page/"))


def test_a_host_django_refuses_is_refused_on_a_hit(visitor, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    assert is_hit([visitor.get("/page/"), visitor.get("/page/")][1])
    visitor.base = "http://evil.example"
    assert visitor.get("/page/").status_code == 400


def test_hosts_do_not_share(visitor):
    visitor.get("/page/")
    visitor.base = "http://other.example"
    assert not is_hit(visitor.get("/page/"))


def test_forwarded_hosts_and_schemes_count_as_django_counts_them(make_visitor, door, settings):
    settings.USE_X_FORWARDED_HOST = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    visitor = make_visitor(door)
    visitor.get("/page/")
    assert not is_hit(visitor.get("/page/", X_Forwarded_Host="b.example"))
    assert is_hit(visitor.get("/page/", X_Forwarded_Host="b.example"))
    assert not is_hit(visitor.get("/page/", X_Forwarded_Proto="https"))


def test_invalidate_drops_the_tagged_page_and_no_other(visitor):
    for path in ("/page/", "/tagged/", "/decorated/"):
        visitor.get(path)
    freshpage.invalidate("news")
    assert not is_hit(visitor.get("/tagged/"))
    freshpage.invalidate("decorated")
    assert not is_hit(visitor.get("/decorated/"))
    assert is_hit(visitor.get("/page/"))


@pytest.mark.parametrize(
    "purged",
    [
        {"url": "/page/"},
        {"url": "http://testserver/page/"},
        {"prefix": "/page/"},
        {"prefix": "/"},
        {"everything": True},
    ],
)
def test_purge_by_place(visitor, purged):
    visitor.get("/page/?x=1")
    freshpage.purge(**purged)
    assert not is_hit(visitor.get("/page/?x=1"))


@pytest.mark.parametrize(
    "purged", [{"url": "/other/"}, {"url": "http://b.example/page/"}, {"prefix": "/pages/"}]
)
def test_purge_elsewhere_drops_nothing(visitor, purged):
    visitor.get("/page/")
    freshpage.purge(**purged)
    assert is_hit(visitor.get("/page/"))


def test_a_404_is_stored_for_a_while_and_an_error_is_not(visitor):
    assert [is_hit(visitor.get("/nowhere/")) for _ in range(2)] == [False, True]
    assert visitor.get("/nowhere/").status_code == 404
    assert [is_hit(visitor.get("/forbidden/")) for _ in range(2)] == [False, False]


def test_decorators_declare_to_the_door(visitor):
    visitor.get("/decorated/", X_Kind="a")
    hit = visitor.get("/decorated/", X_Kind="a")
    assert is_hit(hit)
    assert 100 < int(status(hit).partition("ttl=")[2]) <= 120
    assert "Freshpage-Cache-Control" not in hit.headers
    assert hit.headers["Cache-Control"] == "no-cache"
    assert not is_hit(visitor.get("/decorated/", X_Kind="b"))


def test_template_responses_are_rendered_once(visitor):
    first, second = visitor.get("/templated/"), visitor.get("/templated/")
    assert first.text == second.text == "templated 1"
    assert is_hit(second)


def test_both_doors_at_once_keep_one_entry(make_visitor):
    visitor = make_visitor("middleware")
    visitor.application = wsgi.PageCache(visitor.application)
    answers = [visitor.get("/page/") for _ in range(2)]
    assert status(answers[0]) == "freshpage; fwd=uri-miss; stored"
    assert status(answers[1]).count("freshpage") == 1


def test_what_nobody_watched_is_stored_on_its_own_word_only(make_visitor):
    """An application that is none of Django's, or a site without the app."""
    visitor = make_visitor("wsgi")

    def application(environ, start_response):
        control = [("Cache-Control", "max-age=60")] if environ["QUERY_STRING"] else []
        start_response("200 OK", [("Content-Type", "text/plain"), *control])
        return [environ.get("HTTP_COOKIE", "").encode()]

    visitor.application = wsgi.PageCache(application)
    visitor.get("/page/", Cookie="theme=dark")
    assert visitor.get("/page/").text == ""
    assert [is_hit(visitor.get("/page/?stated")) for _ in range(2)] == [False, True]


def test_a_page_that_invalidates_is_not_stored(visitor):
    visitor.get("/tagged/")
    for _ in range(2):
        assert not is_hit(visitor.get("/invalidates/"))
        assert not is_hit(visitor.get("/tagged/"))


def test_pages_made_under_debug_do_not_outlive_it(make_visitor, door, settings):
    settings.DEBUG = True
    visitor = make_visitor(door)
    visitor.get("/page/")
    settings.DEBUG = False
    assert not is_hit(visitor.get("/page/"))


@pytest.mark.parametrize("tag", [["news"], ("news",), {"news"}, None, "", "@all"])
def test_a_wrong_tag_is_refused(tag):
    with pytest.raises(ValueError, match="tag"):
        freshpage.invalidate(tag)


@pytest.mark.parametrize(
    "purged", [{}, {"url": "/a/", "everything": True}, {"prefix": "/a"}, {"url": "a/"}]
)
def test_a_wrong_purge_is_refused(purged):
    with pytest.raises(ValueError, match=r"purge|path|prefix"):
        freshpage.purge(**purged)
