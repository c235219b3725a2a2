"""In a real browser: an editor sees his change at once, others on their next load of the
page, and nothing that is his reaches them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browsers import Browse, browsers, picture
from tests.demo.site import PASSWORD, USER, Editor, Site

WAIT = 30  # seconds at most
SONG = "She sings in the choir."


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Browse]:
    with browsers(tmp_path) as browse:
        yield browse


def _log_in(browser: webdriver.Chrome, site: Site, path: str) -> None:
    browser.get(f"{site.address}/en/admin/login/?next={path}")
    browser.find_element(By.NAME, "username").send_keys(USER)
    browser.find_element(By.NAME, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "#login-form [type=submit]").click()
    WebDriverWait(browser, WAIT).until(lambda _: browser.current_url.endswith(path))


def _text(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "main").text


def test_what_an_editor_does_shows_to_him_at_once_and_to_others_once_it_is_published(
    site: Site, editor: Editor, browse: Browse
) -> None:
    path = site.path_of("town/mayor")
    site.warm(path)
    visitor, office = browse(), browse()
    visitor.get(site.address + path)
    picture(visitor, "1-visitor-before")
    assert "cms-toolbar" not in visitor.page_source

    _log_in(office, site, path)
    assert office.find_elements(By.CSS_SELECTOR, ".cms-toolbar")
    picture(office, "2-editor-logged-in")

    editing = editor.draft(path)
    editor.change_text(editing, "</p>", f" {SONG}</p>")
    edit = next(line for line in _addresses(editing) if "/object/" in line)
    office.get(site.address + edit)
    assert SONG in office.page_source
    picture(office, "3-editor-draft")
    for address in (path, edit, edit.replace("/edit/", "/preview/")):
        visitor.get(site.address + address)
        assert SONG not in visitor.page_source
        assert "cms-toolbar" not in visitor.page_source

    visitor.get(site.address + path)
    _publish(office)
    office.get(site.address + path)
    assert SONG in _text(office)
    picture(office, "4-editor-published")
    visitor.refresh()
    assert SONG in _text(visitor)
    assert "cms-toolbar" not in visitor.page_source
    picture(visitor, "5-visitor-after")


def _addresses(editing: str) -> list[str]:
    return re.findall(r"/en/admin/cms/placeholder/object/\d+/edit/\d+/", editing)


def _publish(browser: webdriver.Chrome) -> None:
    """Press Publish in the toolbar, and wait for what it leads to."""
    here = browser.current_url
    button = WebDriverWait(browser, WAIT).until(
        lambda _: browser.find_element(By.CSS_SELECTOR, ".cms-btn-action[href*='/publish/']")
    )
    browser.execute_script("arguments[0].click()", button)
    WebDriverWait(browser, WAIT).until(lambda _: browser.current_url != here)
