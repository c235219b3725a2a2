"""Merging, and the tags that purging by URL, prefix and everything go by."""

from __future__ import annotations

from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from hypothesis import given

from freshpage.cacheability import (
    EVERYTHING,
    PATH_DEPTH,
    TAG_LENGTH,
    Cacheability,
    canonical_tag,
    location_tags,
    prefix_tag,
    url_tag,
)

names = st.sampled_from(["a", "b", "c", "d"])
declared = st.builds(
    Cacheability,
    st.none() | st.floats(0, 100),
    st.lists(names, unique=True, max_size=3).map(tuple),
    st.frozensets(names, max_size=3),
)
segments = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["blog", "ä", "a b", "%", "%2F", "|", "?", "#", "..", ""]
)
paths = st.lists(segments, max_size=PATH_DEPTH + 6).map(lambda parts: "/" + "/".join(parts))
hosts = st.sampled_from(["example.com", "Example.com:8000", "other.example"])


@given(declared, declared, declared)
def test_merging_is_minimum_union_union(
    one: Cacheability, two: Cacheability, three: Cacheability
) -> None:
    both = one.merge(two)
    assert both.ttl == min((ttl for ttl in (one.ttl, two.ttl) if ttl is not None), default=None)
    assert both.tags == one.tags | two.tags
    assert set(both.axes) == {*one.axes, *two.axes}
    assert len(both.axes) == len(set(both.axes))
    assert one.merge(Cacheability()) == Cacheability().merge(one) == one
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


def test_axes_keep_the_order_they_were_read_in() -> None:
    assert Cacheability(axes=("b", "a")).merge(Cacheability(axes=("c", "a"))).axes == (
        "b",
        "a",
        "c",
    )


@given(st.text(min_size=1))
def test_a_tag_is_short_and_utf_8_can_carry_it(text: str) -> None:
    if text.startswith("@"):
        with pytest.raises(ValueError, match="does not start with '@'"):
            canonical_tag(text)
        return
    tag = canonical_tag(text)
    assert len(tag) <= TAG_LENGTH
    tag.encode()
    assert tag == text or tag.startswith("@long:")


def test_tags_that_are_shortened_stay_apart() -> None:
    texts = ["x" * 300 + end for end in "ab"] + ["\ud800", "\ud801"]
    assert len({canonical_tag(text) for text in texts}) == 4
    assert canonical_tag("x" * TAG_LENGTH) == "x" * TAG_LENGTH
    assert canonical_tag(7) == "7"
    with pytest.raises(ValueError, match="non-empty"):
        canonical_tag("")


@given(hosts, paths)
def test_a_page_is_found_by_its_url_and_by_everything(host: str, path: str) -> None:
    tags = location_tags(host, path)
    assert EVERYTHING in tags
    for where in ("", host, host.upper()):
        assert url_tag(quote(path), where) in tags


@given(hosts, paths, st.data())
def test_a_page_is_found_by_each_of_its_prefixes(host: str, path: str, data: st.DataObject) -> None:
    prefix = path[: data.draw(st.integers(0, len(path)))]
    for where in ("", host):
        assert prefix_tag(quote(prefix), where) in location_tags(host, path)


@given(hosts, paths, paths)
def test_a_url_is_not_anothers(host: str, one: str, two: str) -> None:
    assert (url_tag(quote(one), host) in location_tags(host, two)) is (one == two)


@given(paths, paths)
def test_a_prefix_reaches_no_further_than_its_last_slash(prefix: str, path: str) -> None:
    folder = prefix[: prefix.rindex("/") + 1]
    if folder.count("/") <= PATH_DEPTH + 1:
        found = prefix_tag(quote(prefix), "h") in location_tags("h", path)
        assert found is path.startswith(folder)


def test_hosts_are_apart_and_case_does_not_matter() -> None:
    tags = location_tags("Example.com", "/a/b")
    assert url_tag("/a/b", "other.example") not in tags
    assert prefix_tag("/a/", "other.example") not in tags
    assert url_tag("/a/b", "EXAMPLE.com") in tags


def test_a_path_may_be_given_without_its_slash() -> None:
    assert url_tag("a/b") == url_tag("/a/b")
    assert prefix_tag("blog/") == prefix_tag("/blog/")
    assert prefix_tag("") == prefix_tag("/")
    assert prefix_tag("/") in location_tags("h", "")


def test_tags_of_a_deep_or_long_path_stay_short() -> None:
    tags = location_tags("h", "/" + "x" * 3000 + "/y" * 500)
    assert len(tags) <= 3 + 2 * (PATH_DEPTH + 1)
    assert max(map(len, tags)) <= TAG_LENGTH
