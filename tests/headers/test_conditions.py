"""get_conditional_response."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from freshpage.headers import get_conditional_response

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
AT = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"


def asking(method: str = "GET", **conditions: str) -> HttpRequest:
    meta = {f"HTTP_{name.upper()}": value for name, value in conditions.items()}
    return RequestFactory().generic(method, "/page/", **meta)


@pytest.mark.parametrize(
    ("method", "conditions", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"if_none_match": '"a"'}, 304),
        ("HEAD", {"if_none_match": '"x", W/"a"'}, 304),
        ("GET", {"if_none_match": "*"}, 304),
        ("GET", {"if_none_match": '"b"', "if_modified_since": AT}, 200),
        ("PUT", {"if_none_match": "*"}, 412),
        ("GET", {"if_modified_since": AT}, 304),
        ("GET", {"if_modified_since": BEFORE}, 200),
        ("GET", {"if_modified_since": "yesterday"}, 200),
        ("PUT", {"if_match": '"a"'}, 200),
        ("PUT", {"if_match": 'W/"a"'}, 412),
        ("PUT", {"if_match": "a"}, 412),
        ("PUT", {"if_unmodified_since": BEFORE}, 412),
        ("PUT", {"if_match": '"a"', "if_unmodified_since": BEFORE}, 200),
    ],
)
def test_preconditions_take_precedence_as_rfc_9110_has_it(method, conditions, status) -> None:
    response = get_conditional_response(
        asking(method, **conditions), '"a"', MODIFIED, HttpResponse("page")
    )
    assert response is not None
    assert response.status_code == status


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"if_match": "*"}, 412),
        ({"if_none_match": "*"}, None),
        ({"if_unmodified_since": AT}, 412),
        ({"if_modified_since": AT}, None),
    ],
)
def test_of_what_is_not_known_no_condition_holds(conditions, status) -> None:
    response = get_conditional_response(asking(**conditions))
    assert (None if response is None else response.status_code) == status


def test_a_304_carries_what_caches_need_and_the_cookies() -> None:
    page = HttpResponse(
        "page", headers={"ETag": '"a"', "Vary": "Cookie", "Cache-Control": "max-age=5"}
    )
    page.set_cookie("seen", "1")
    response = get_conditional_response(asking(if_none_match='"a"'), '"a"', response=page)
    assert response is not None
    assert response.status_code == 304
    assert response.content == b""
    assert dict(response.items()) == {
        "ETag": '"a"',
        "Vary": "Cookie",
        "Cache-Control": "max-age=5",
    }
    assert response.cookies["seen"].value == "1"


def test_only_successes_are_conditional() -> None:
    missing = HttpResponse("no", status=404)
    assert get_conditional_response(asking(if_none_match='"a"'), '"a"', response=missing) is missing
