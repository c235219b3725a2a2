"""What may be stored, RFC 9111 §3."""

from __future__ import annotations

import pytest

from freshpage.http.cache_control import CacheControl
from freshpage.http.fields import Headers
from freshpage.http.storing import (
    default_ttl_applies,
    stored_headers,
    storing_refusal,
    withheld_headers,
)

AUTHORIZED: Headers = (("Authorization", "Basic eA=="),)


def refusal(
    line: str = "max-age=60",
    *,
    method: str = "GET",
    status: int = 200,
    request: Headers = (),
    response: Headers = (),
) -> str | None:
    return storing_refusal(method, status, request, response, CacheControl.parse([line]))


@pytest.mark.parametrize("status", [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 599])
def test_a_final_status_may_be_stored(status: int) -> None:
    assert refusal(status=status) is None


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        ("max-age=60", 206, "status"),  # parts are never stored
        ("max-age=60", 304, "status"),
        ("max-age=60", 100, "status"),
        ("max-age=60, must-understand", 200, None),  # §5.2.2.3
        ("max-age=60, must-understand, no-store", 200, None),
        ("max-age=60, must-understand, no-store", 599, "status"),
        ("max-age=60, must-understand", 299, "status"),
        ("no-store", 200, "no-store"),
        ("No-Store, max-age=60", 200, "no-store"),
        ("private", 200, "private"),
        ("PRIVATE, max-age=60", 200, "private"),
        ('private="x-user", max-age=60', 200, None),
        ("no-cache", 200, None),
        ("x-private, max-age=60", 200, None),
    ],
)
def test_directives(line: str, status: int, reason: str | None) -> None:
    assert refusal(line, status=status) == reason


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "get", "OPTIONS"])
def test_only_the_answer_to_get_is_stored(method: str) -> None:
    assert refusal(method=method) == "method"


@pytest.mark.parametrize("name", ["Set-Cookie", "set-cookie"])
def test_a_cookie_is_for_one_visitor(name: str) -> None:
    response = ((name, "a=b"),)
    assert refusal("public, max-age=60", response=response) == "set-cookie"
    assert refusal('no-cache="set-cookie", max-age=60', response=response) == "set-cookie"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("max-age=60", "authorization"),
        ("no-cache", "authorization"),
        ("public, max-age=60", None),
        ("must-revalidate, max-age=60", None),
        ("s-maxage=60", None),
        ("proxy-revalidate, max-age=60", "authorization"),
    ],
)
def test_authorization(line: str, reason: str | None) -> None:  # §3.5
    assert refusal(line, request=AUTHORIZED) == reason


@pytest.mark.parametrize(
    ("status", "line", "applies"),
    [
        (200, "", True),
        (203, "", True),
        (301, "", True),
        (308, "", True),
        (404, "", True),
        (410, "", True),
        (302, "", False),
        (302, "public", True),  # §4.2.2
        (201, "", False),
        (403, "", False),
        (403, "public", False),  # an error that passes is not kept by default
        (405, "", False),
        (414, "", False),
        (500, "", False),
        (501, "", False),
        (503, "public", False),
    ],
)
def test_default_ttl(status: int, line: str, applies: bool) -> None:
    assert default_ttl_applies(status, CacheControl.parse([line])) is applies


def kept(*headers: tuple[str, str], line: str = "") -> list[str]:
    return [name for name, _ in stored_headers(headers, CacheControl.parse([line]))]


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authentication-Info",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Set-Cookie",
    ],
)
def test_fields_of_one_connection_are_not_stored(name: str) -> None:  # §3.1
    assert kept((name, "x"), ("A", "1")) == ["A"]
    assert kept((name.lower(), "x"), ("A", "1")) == ["A"]


def test_fields_that_connection_names_are_not_stored() -> None:  # RFC 9110 §7.6.1
    headers = (("Connection", "a, B"), ("connection", "C"), ("A", ""), ("b", ""), ("C", ""))
    assert kept(*headers, ("D", "")) == ["D"]


def test_fields_that_qualified_directives_name_are_not_stored() -> None:
    assert kept(("A", ""), ("B", ""), ("C", ""), line='no-cache="a", private="B"') == ["C"]


def test_fields_that_qualified_directives_name_go_to_their_visitor() -> None:
    headers = (("A", "1"), ("B", "2"), ("C", "3"), ("a", "4"))
    control = CacheControl.parse(['no-cache="A", private="b"'])
    assert withheld_headers(headers, control) == (("A", "1"), ("B", "2"), ("a", "4"))


def test_everything_else_is_stored_as_it_came() -> None:
    headers = (("X-Frame-Options", "DENY"), ("Vary", "A"), ("vary", "B"), ("Age", "3"))
    assert stored_headers(headers, CacheControl()) == headers
