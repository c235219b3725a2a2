"""Plugins that vary on a header: in Vary, in the key, and in what placeholders are made of."""

from __future__ import annotations

import pytest

import freshpage
from tests.doors.conftest import DOORS, is_hit

VISITORS = ({"Country_Code": "US"}, {"Country_Code": "FR"}, {"Country_Code": ""}, {})
EXPECTED = ("&#x27;US&#x27;", "&#x27;FR&#x27;", "&#x27;&#x27;", "None")


def assert_each_gets_his_own(site, path):
    for headers, expected in zip(VISITORS, EXPECTED, strict=True):
        page = site.get(path, **headers)
        assert f"country {expected}" in page.text
        assert "country-code" in page.headers["Vary"].lower()


def test_the_header_is_in_vary_and_in_the_key(site):
    site.page("Town", ("CountryPlugin", ""))
    assert_each_gets_his_own(site, "/en/town/")
    assert_each_gets_his_own(site, "/en/town/")
    assert is_hit(site.get("/en/town/", Country_Code="FR"))


def test_it_still_is_when_the_placeholder_comes_from_the_cache(site):
    site.page("Town", ("CountryPlugin", ""))
    assert_each_gets_his_own(site, "/en/town/")
    freshpage.purge("/en/town/")
    assert_each_gets_his_own(site, "/en/town/")
    assert is_hit(site.get("/en/town/", Country_Code="FR"))


@pytest.mark.parametrize("first", range(len(VISITORS)))
def test_the_first_visitor_decides_for_nobody_else(site, first):
    site.page("Town", ("CountryPlugin", ""))
    site.get("/en/town/", **VISITORS[first])
    assert_each_gets_his_own(site, "/en/town/")


@pytest.mark.parametrize("door", DOORS)
def test_what_a_plugin_reads_without_saying_so_sets_pages_and_placeholders_apart(make_site, door):
    site = make_site(door)
    site.page("Town", ("ThemePlugin", ""))
    for _ in range(2):
        for theme in ("dark", "light"):
            page = site.get("/en/town/", Cookie=f"theme={theme}")
            assert f"theme {theme}" in page.text
    assert is_hit(page)


def test_a_placeholder_within_a_placeholder_says_the_same_for_both(site):
    inner = site.page("Parts", ("CountryPlugin", ""))
    site.page("Town", ("OtherPlaceholderPlugin", str(site.placeholder(inner).pk)))
    assert_each_gets_his_own(site, "/en/town/")
    freshpage.purge("/en/town/")
    assert_each_gets_his_own(site, "/en/town/")


def test_the_lifetime_of_a_placeholder_within_counts(site):
    inner = site.page("Parts", ("SecondsPlugin", 70))
    site.page("Town", ("OtherPlaceholderPlugin", str(site.placeholder(inner).pk)))
    assert 0 < site.life("/en/town/") <= 70
    freshpage.purge("/en/town/")
    assert 0 < site.life("/en/town/") <= 70
