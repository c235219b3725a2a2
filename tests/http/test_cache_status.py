"""Cache-Status, RFC 9211."""

from __future__ import annotations

from typing import Any

import http_sfv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshpage.http import cache_status


def parsed(member: str) -> tuple[str, dict[str, Any]]:
    members = http_sfv.List()
    members.parse(member.encode("ascii"))
    (item,) = members
    return str(item.value), dict(item.params)


def test_hit() -> None:
    assert cache_status.hit("freshpage", 583.9) == "freshpage; hit; ttl=583"
    assert cache_status.hit("freshpage", -3.2) == "freshpage; hit; ttl=-3"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "freshpage; fwd=uri-miss"),
        ({"stored": True}, "freshpage; fwd=uri-miss; stored"),
        ({"status": 304, "stored": True}, "freshpage; fwd=uri-miss; fwd-status=304; stored"),
        ({"collapsed": True}, "freshpage; fwd=uri-miss; collapsed"),
        ({"key": "ab", "detail": "a b"}, 'freshpage; fwd=uri-miss; key="ab"; detail="a b"'),
    ],
)
def test_forwarded(options: dict[str, Any], text: str) -> None:
    assert cache_status.forwarded("freshpage", "uri-miss", **options) == text


@given(st.text(max_size=2000), st.floats(-1e12, 1e12))
def test_whatever_is_told_the_field_stays_well_formed(detail: str, ttl: float) -> None:
    name, params = parsed(cache_status.forwarded("freshpage", "miss", detail=detail, key=detail))
    assert name == "freshpage"
    assert set(params) == {"fwd", "key", "detail"}
    name, params = parsed(cache_status.hit("freshpage", ttl, detail=detail))
    assert params["hit"] is True
    assert params["ttl"] == int(ttl)


def test_members_of_caches_behind_us_stay_first() -> None:  # §2
    headers = (("Cache-Status", "origin; hit"), ("A", "1"))
    assert cache_status.appended(headers, "freshpage; hit") == (
        *headers,
        ("Cache-Status", "freshpage; hit"),
    )
