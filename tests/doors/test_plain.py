"""Which requests the WSGI door takes for plain ones."""

from __future__ import annotations

import pytest

from freshpage.incoming import is_plain
from freshpage.request import CONSULTED
from freshpage.visitor import meta_name

BROWSER = {"HTTP_HOST": "example.com", "HTTP_COOKIE": "a=b", "HTTP_ACCEPT": "*/*"}


def test_what_a_browser_asks_is_plain():
    assert is_plain(BROWSER)
    assert is_plain(BROWSER | {"CONTENT_LENGTH": "", "CONTENT_TYPE": ""})


@pytest.mark.parametrize("field", sorted(CONSULTED | {"content-length"}))
def test_whatever_a_look_up_asks_of_makes_it_another(field):
    assert not is_plain(BROWSER | {meta_name(field): "something"})


@pytest.mark.parametrize("field", sorted(CONSULTED - {"content-type"}))
def test_even_where_it_is_empty(field):
    assert not is_plain(BROWSER | {meta_name(field): ""})


@pytest.mark.parametrize("key", ["SCRIPT_URL", "REDIRECT_URL"])
def test_what_a_script_is_made_of(key):
    assert not is_plain(BROWSER | {key: "/there"})
