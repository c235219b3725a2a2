"""Contract 1 by recording: what a render read is in its key, and nothing else is."""

from __future__ import annotations

import pytest

from tests.doors.conftest import MIDDLEWARE, is_hit, status
from tests.doors.site import RENDERS

FULL = [
    *MIDDLEWARE,
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

NOISE = {"X_Unknown": "noise", "User_Agent": "noise", "Cookie": "_ga=GA1.2.3; seen=yes"}

# what a view reads: (one request, another that differs in it), as (query, headers)
DIFFERENT = {
    "header": (("", {"X_Kind": "a"}), ("", {"X_Kind": "b"})),
    "header-item": (("", {}), ("", {"X_Kind": ""})),
    "meta": (("", {"X_Kind": "a"}), ("", {})),
    "accepts": (("", {"Accept": "text/html"}), ("", {"Accept": "image/png"})),
    "cookie": (("", {"Cookie": "theme=a"}), ("", {"Cookie": "theme=b"})),
    "signed": (("", {"Cookie": "theme=a"}), ("", {"Cookie": "theme=b"})),
    "query": (("?page=1", {}), ("?page=2", {})),
    "query-list": (("?page=1&page=2", {}), ("?page=1%2C2", {})),
    "query-in": (("?page", {}), ("", {})),
    "query-all": (("?a=1", {}), ("?a=2", {})),
    "query-dict": (("?a=1", {}), ("?a=2", {})),
    "query-unpacked": (("?a=1", {}), ("?a=2", {})),
    "query-string": (("?a=1", {}), ("?a=2", {})),
    "full-path": (("?a=1", {}), ("?a=2", {})),
    "absolute": (("?a=1", {}), ("?a=2", {})),
    "language": (("", {"Accept_Language": "de"}), ("", {"Accept_Language": "fr"})),
    "all-cookies": (("", {"Cookie": "a=1"}), ("", {"Cookie": "a=2"})),
}
WHOLE = {"query-all", "query-dict", "query-unpacked", "query-string", "full-path", "absolute"}


@pytest.fixture(params=["/reads", "/reads-async"])
def root(request):
    return request.param


@pytest.fixture
def visitor(make_visitor, door):
    return make_visitor(door, FULL)


def ask(visitor, path, asked):
    query, headers = asked
    return visitor.get(path + query, **headers)


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_was_read_splits(visitor, root, what):
    path = f"{root}/{what}/"
    one, other = DIFFERENT[what]
    first, second = ask(visitor, path, one), ask(visitor, path, other)
    assert not is_hit(first)
    assert not is_hit(second)
    again = ask(visitor, path, one), ask(visitor, path, other)
    assert [is_hit(a) for a in again] == [True, True]
    assert [a.content for a in again] == [first.content, second.content]


@pytest.mark.parametrize("what", [*(w for w in DIFFERENT if w not in WHOLE), "host", "secure"])
def test_what_was_not_read_does_not(visitor, root, what):
    path = f"{root}/{what}/"
    headers = {} if what == "all-cookies" else {"Cookie": NOISE["Cookie"]}
    visitor.get(path)
    for number in range(3):
        noisy = {**NOISE, **headers, "X_Unknown": str(number)}
        if what == "all-cookies":
            noisy.pop("Cookie")
        assert is_hit(visitor.get(f"{path}?utm_source={number}", **noisy))
    assert RENDERS[path] == 1


@pytest.mark.parametrize(
    ("what", "headers"),
    [
        ("session", {"Cookie": "sessionid=abc"}),
        ("session-key", {"Cookie": "sessionid=abc"}),
        ("session-cookie", {"Cookie": "sessionid=abc"}),
        ("user", {"Cookie": "sessionid=abc"}),
        ("address", {}),
        ("all-headers", {}),
        ("all-headers-one-by-one", {}),
        ("all-meta", {}),
    ],
)
def test_what_cannot_be_a_key_is_not_stored(visitor, root, what, headers):
    for _ in range(2):
        answer = visitor.get(f"{root}/{what}/", **headers)
        assert answer.status_code == 200
        assert not is_hit(answer)
        assert "stored" not in status(answer)


@pytest.mark.parametrize("what", ["session", "session-key", "session-cookie", "user"])
def test_who_has_no_session_shares_what_was_made_without_one(visitor, root, what):
    path = f"{root}/{what}/"
    visitor.get(path)
    shared = visitor.get(path, Cookie="_ga=1; seen=yes")
    assert is_hit(shared)
    assert "Cookie" in shared.headers["Vary"]
    assert not is_hit(visitor.get(path, Cookie="sessionid=abc"))


def test_ten_thousand_spellings_of_a_language_are_one_variant(visitor, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    path = "/reads/host/"
    visitor.get(path, Accept_Language="de")
    for number in range(50):
        spelled = f"de-AT;q=0.{number + 10},xx-{number};q=0.05"
        answer = visitor.get(path, Accept_Language=spelled)
        assert is_hit(answer)
    assert not is_hit(visitor.get(path, Accept_Language="en"))
    assert "Accept-Language" in answer.headers["Vary"]


def test_a_view_that_says_vary_cookie_is_taken_at_its_word(visitor):
    visitor.get("/varies-on-cookie/", Cookie="a=1")
    assert not is_hit(visitor.get("/varies-on-cookie/", Cookie="a=2"))
    assert is_hit(visitor.get("/varies-on-cookie/", Cookie="a=1"))


def test_axes_may_differ_between_renders_of_a_page(visitor):
    path = "/reads/either/"
    asked = [
        ("?page=1", {"Cookie": "theme=a"}),
        ("?page=1", {"Cookie": "theme=b"}),
        ("", {"X_Kind": "a", "Cookie": "theme=a"}),
        ("", {"X_Kind": "b", "Cookie": "theme=b"}),
        ("?page=2", {"Cookie": "theme=b", "X_Kind": "a"}),
    ]
    first = [ask(visitor, path, request) for request in asked]
    for request in asked:  # what hung below a question that not all asked has moved
        ask(visitor, path, request)
    again = [ask(visitor, path, request) for request in asked]
    assert [a.text for a in first] == ["'a'", "'b'", "'a'", "'b'", "'b'"]
    assert [a.text for a in again] == [a.text for a in first]
    assert all(is_hit(a) for a in again)
    # below "no page" the theme was not read, so it does not split there
    assert is_hit(visitor.get(path, X_Kind="a", Cookie="theme=other"))


def test_a_charset_sent_with_a_get_cannot_poison(visitor):
    path = "/reads/query/?page=%E4"
    visitor.get(path, Content_Type="text/plain; charset=latin-1")
    plain = visitor.get(path)
    assert not is_hit(plain)
    assert plain.text == repr("\ufffd")


def test_downstream_caches_are_told_what_was_read(visitor):
    assert "X-Kind" in visitor.get("/reads/header/").headers["Vary"]
    assert "Cookie" in visitor.get("/reads/cookie/").headers["Vary"]


def test_a_quoted_language_cookie_cannot_poison(visitor):
    """Django takes the quotes off, so the key has to."""
    asked = visitor.get("/reads/language/", Cookie='django_language="de"')
    plain = visitor.get("/reads/language/")
    assert asked.text == "'de'"
    assert plain.text != asked.text
    assert is_hit(visitor.get("/reads/language/", Cookie="django_language=de"))
