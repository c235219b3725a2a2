"""What an unsafe request makes invalid, RFC 9111 §4.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http.fields import Headers
from freshpage.http.invalidation import invalidated_targets

TARGET = "http://example.com/a/b?c"


def outdated(*response: tuple[str, str], method: str = "POST", status: int = 200) -> list[str]:
    return invalidated_targets(method, status, TARGET, response)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "post"])
@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 303, 399])
def test_the_target_when_it_went_well(method: str, status: int) -> None:
    assert outdated(method=method, status=status) == [TARGET]


@pytest.mark.parametrize("status", [100, 400, 403, 404, 500, 503])
def test_an_error_changes_nothing(status: int) -> None:
    assert outdated(("Location", "/x"), status=status) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_safe_method_changes_nothing(method: str) -> None:
    assert outdated(("Location", "/x"), method=method) == []


@pytest.mark.parametrize("name", ["Location", "Content-Location", "location"])
@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("/x", "http://example.com/x"),
        ("x?y=1", "http://example.com/a/x?y=1"),
        ("http://example.com/x", "http://example.com/x"),
        ("http://EXAMPLE.com:80/x", "http://EXAMPLE.com:80/x"),
        (" /x\t", "http://example.com/x"),
    ],
)
def test_what_the_response_names_on_the_same_origin(name: str, value: str, uri: str) -> None:
    assert outdated((name, value)) == [TARGET, uri]


@pytest.mark.parametrize(
    "value",
    [
        "http://example.org/x",
        "https://example.com/x",
        "http://example.com:8080/x",
        "//example.org/x",
        "http://[bad/x",
        "http://example.com:port/x",
        "http://example.com:99999/x",
        "javascript:alert(1)",
    ],
)
def test_other_origins_are_none_of_its_business(value: str) -> None:
    assert outdated(("Location", value)) == [TARGET]


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_raises(target: str, reference: str) -> None:
    response: Headers = (("Location", reference),)
    assert invalidated_targets("POST", 200, target, response)[0] == target
