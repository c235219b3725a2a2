"""Compressed answers: every visitor gets what he takes, and it decodes to the exact bytes."""

from __future__ import annotations

import asyncio
import gzip
import time

import brotli
import httpx
import hypothesis.strategies as st
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings

from freshpage.http.encodings import accepted
from tests.doors.conftest import is_hit
from tests.doors.site import RENDERS

DECODERS = {
    "identity": bytes,
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
}
ALL = ["br", "zstd", "gzip"]
PATH = "/large/"


@pytest.fixture
def visitor(make_visitor, door):
    return make_visitor(door, ENCODINGS=ALL)


def ask(visitor, path=PATH, method="GET", **headers):
    """A response, and its body as it was sent: httpx would decode it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request(method, visitor.base + path, headers=named)
    if not visitor.is_async:
        response = httpx.WSGITransport(app=visitor.application).handle_request(request)
        return response, b"".join(response.iter_raw())

    async def asked():
        transport = httpx.ASGITransport(app=visitor.application)
        response = await transport.handle_async_request(request)
        return response, b"".join([part async for part in response.aiter_raw()])

    return asyncio.run(asked())


def coding_of(response):
    return response.headers.get("Content-Encoding", "identity")


def compressed(visitor, path=PATH):
    """Ask until the page is held in its codings; the plain body."""
    plain = ask(visitor, path)[1]
    deadline = time.monotonic() + 20
    while coding_of(ask(visitor, path, Accept_Encoding="br")[0]) == "identity":
        assert time.monotonic() < deadline, "nothing was compressed"
        time.sleep(0.005)
    return plain


def test_the_first_hit_has_the_page_compressed_for_the_next(visitor):
    plain = compressed(visitor)
    for value, coding in (
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd;q=0.9", "gzip"),
        ("zstd", "zstd"),
        ("identity", "identity"),
        ("gzip;q=0", "identity"),
    ):
        response, sent = ask(visitor, Accept_Encoding=value)
        assert is_hit(response)
        assert coding_of(response) == coding
        assert DECODERS[coding](sent) == plain
        assert response.headers["Content-Length"] == str(len(sent))
        assert "accept-encoding" in response.headers["Vary"].lower()
    assert RENDERS[PATH] == 1


def test_the_miss_has_the_same_vary(visitor):
    response, _ = ask(visitor, Accept_Encoding="br")
    assert not is_hit(response)
    assert coding_of(response) == "identity"
    assert response.headers["Vary"] == "Accept-Encoding"


def test_each_coding_has_its_own_entity_tag_and_its_304(visitor):
    compressed(visitor)
    tags = {}
    for coding in DECODERS:
        tags[coding] = ask(visitor, Accept_Encoding=coding)[0].headers["ETag"]
    assert len(set(tags.values())) == len(tags)
    for coding, tag in tags.items():
        again, sent = ask(visitor, Accept_Encoding=coding, If_None_Match=tag)
        assert (again.status_code, sent, again.headers["ETag"]) == (304, b"", tag)
        assert "Content-Encoding" not in again.headers
        assert "Content-Length" not in again.headers
        assert again.headers["Vary"] == "Accept-Encoding"


def test_a_tag_of_a_coding_he_does_not_take_is_none_of_his(visitor):
    compressed(visitor)
    tag = ask(visitor, Accept_Encoding="br")[0].headers["ETag"]
    response, _ = ask(visitor, Accept_Encoding="gzip", If_None_Match=tag)
    assert (response.status_code, coding_of(response)) == (200, "gzip")


def test_what_he_has_compressed_is_still_right_where_nothing_is_compressed_yet(visitor, door):
    tag = ask(visitor)[0].headers["ETag"]
    coded = f'{tag[:-1]}-gzip"'
    response, _ = ask(visitor, Accept_Encoding="gzip", If_None_Match=coded)
    assert (response.status_code, response.headers["ETag"]) == (304, coded)


def test_parts_are_parts_of_the_plain_form(visitor):
    plain = compressed(visitor)
    part, sent = ask(visitor, Accept_Encoding="br", Range="bytes=10-19")
    assert (part.status_code, sent, coding_of(part)) == (206, plain[10:20], "identity")
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(plain)}"
    # he has the beginning of another form: the whole of it
    tag = ask(visitor, Accept_Encoding="br")[0].headers["ETag"]
    whole, _ = ask(visitor, Accept_Encoding="br", Range="bytes=10-19", If_Range=tag)
    assert whole.status_code == 200
    # he takes no plain form: the whole, coded
    whole, sent = ask(visitor, Accept_Encoding="br, identity;q=0", Range="bytes=10-19")
    assert (whole.status_code, coding_of(whole)) == (200, "br")
    assert brotli.decompress(sent) == plain


def test_head_tells_of_the_form_that_get_would_send(visitor):
    compressed(visitor)
    got, sent = ask(visitor, Accept_Encoding="br")
    head, nothing = ask(visitor, method="HEAD", Accept_Encoding="br")
    assert nothing == b""
    for name in ("Content-Encoding", "Content-Length", "ETag", "Vary", "Content-Type"):
        assert head.headers[name] == got.headers[name]
    assert head.headers["Content-Length"] == str(len(sent))


@pytest.mark.parametrize("path", ["/page/", "/untransformed/"])
def test_what_is_small_or_must_not_be_changed_stays_as_it_is(visitor, path):
    for _ in range(3):
        response, _ = ask(visitor, path, Accept_Encoding="br, gzip")
        assert coding_of(response) == "identity"
        assert "Vary" not in response.headers
    assert response.headers["ETag"]


def test_what_the_site_compressed_itself_is_not_compressed_again(make_visitor, door):
    visitor = make_visitor(door, middleware=["django.middleware.gzip.GZipMiddleware"])
    for _ in range(3):
        response, sent = ask(visitor, Accept_Encoding="gzip, br")
        assert coding_of(response) == "gzip"
        plain = gzip.decompress(sent)
    assert is_hit(response)
    assert plain == ask(visitor)[1].replace(b"page 2", b"page 1")


def test_no_encodings_nothing_compressed(make_visitor, door):
    visitor = make_visitor(door, ENCODINGS=[])
    for _ in range(3):
        response, _ = ask(visitor, Accept_Encoding="br, gzip")
        assert coding_of(response) == "identity"
        assert "Vary" not in response.headers


weights = st.sampled_from(["", ";q=0", ";q=0.5", ";q=1", ";q=1.5", ";q=x", " ; q=0.25"])
members = st.tuples(st.sampled_from([*DECODERS, "*", "deflate", "", "x-gzip"]), weights)
lists = st.lists(members.map("".join), max_size=5).map(", ".join)


@pytest.mark.parametrize("compress", [True, False])
def test_every_answer_decodes_to_the_exact_bytes(visitor, compress):
    plain = compressed(visitor) if compress else ask(visitor)[1]

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
    @given(lists)
    def check(value):
        response, sent = ask(visitor, Accept_Encoding=value)
        coding = coding_of(response)
        assert DECODERS[coding](sent) == plain
        assert response.headers["Content-Length"] == str(len(sent))
        assert coding == "identity" or accepted(value.strip()).weight(coding) > 0

    check()
