"""Without freshpage's app for Wagtail pages are as right; more of them may be dropped."""

from __future__ import annotations

import re

import pytest

from tests.wagtail.test_figures import CHANGES

NAMES = {
    *("page text published", "scheduled text goes live", "page title in a menu", "page moved"),
    *("translation deleted", "snippet", "image file", "setting", "section made private"),
    *("site root",),
}


TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+')  # of a page with a form


def content(answer) -> bytes:
    return TOKEN.sub(b"", answer.content)


@pytest.mark.parametrize(
    "case", [case for case in CHANGES if case[0] in NAMES], ids=lambda case: case[0]
)
def test_nothing_is_stale(valley, case, record_property):
    name, change, expected, *more = case
    paths = [*valley.paths(), *more]
    for path in paths * 2:
        valley.get(path)
    before = {path: content(valley.get(path)) for path in paths}
    change()
    shown = {path: content(valley.get(path)) for path in paths}
    record_property("figure", f"without the app, {name}: {expected} changed")
    assert shown == {path: content(valley.fresh(path)) for path in paths}
    assert sum(shown[path] != before[path] for path in paths) == expected
