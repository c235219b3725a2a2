"""What unsafe requests make invalid (RFC 9111 §4.4)."""

from __future__ import annotations

import pytest

FRESH = ("Cache-Control", "max-age=3600")
METHODS = ["POST", "PUT", "DELETE", "M-SEARCH"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("status", "reused"), [(200, False), (303, False), (500, True)])
def test_the_target(chain, method, status, reused):
    chain.says(FRESH)
    chain.get("/a")
    chain.says(status=status)
    chain.visitor.ask("/a", method, b"abc")
    chain.says(FRESH)
    chain.get("/a")
    assert (chain.forwarded() == 2) is reused


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["Location", "Content-Location"])
@pytest.mark.parametrize(
    ("value", "reused"),
    [("/b", False), ("b", False), ("http://testserver/b", False), ("http://other/b", True)],
)
def test_what_the_response_names(chain, method, name, value, reused):
    chain.says(FRESH)
    chain.get("/b")
    chain.says((name, value))
    chain.visitor.ask("/a", method, b"abc")
    chain.says(FRESH)
    chain.get("/b")
    assert (chain.forwarded() == 2) is reused


def test_what_is_asked_for_afterwards_is_stored_anew(chain):
    chain.says(FRESH)
    chain.get("/a")
    chain.visitor.ask("/a", "POST", b"abc")
    chain.get("/a")
    chain.get("/a")
    assert chain.forwarded() == 3
