"""In a real browser: an editor's drafts, previews and userbar are his alone, and what he
publishes others see on their next load.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browsers import Browse, browsers, picture

PATH = "/en/walks/mill-path/"
BEFORE, DRAFT, AFTER = "Mill path, in short", "Not to be seen yet", "The wheel turns again"
WAIT = 60  # seconds at most
USERBAR = "return document.querySelector('wagtail-userbar')?.shadowRoot?.innerHTML"


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Browse]:
    with browsers(tmp_path) as browse:
        yield browse


def is_warm(address: str) -> bool:
    answers = [httpx.get(address + PATH, timeout=60) for _ in range(5)]
    return any(answer.headers["Cache-Status"].startswith("freshpage; hit") for answer in answers)


def log_in(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/admin/login/")
    browser.find_element(By.NAME, "username").send_keys("editor")
    browser.find_element(By.NAME, "password").send_keys("kestrel")
    browser.find_element(By.CSS_SELECTOR, "form [type=submit]").click()
    WebDriverWait(browser, WAIT).until(lambda _: browser.current_url.endswith("/admin/"))


def edit(browser: webdriver.Chrome, at: str, text: str, button: str) -> None:
    """Change the page's summary, and press a button of the editor."""
    browser.get(f"{at}/edit/")
    field = WebDriverWait(browser, WAIT).until(lambda _: browser.find_element(By.ID, "id_summary"))
    field.clear()
    field.send_keys(text)
    pressed = browser.find_element(By.CSS_SELECTOR, button)
    browser.execute_script("arguments[0].click()", pressed)
    said = (By.CSS_SELECTOR, ".messages .success")
    WebDriverWait(browser, WAIT).until(lambda _: browser.find_elements(*said))


def shown(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "main").text


def test_what_is_an_editor_s_is_his_alone(address: str, browse: Browse) -> None:
    assert is_warm(address)
    visitor, office = browse(), browse()
    visitor.get(address + PATH)
    assert BEFORE in shown(visitor)
    assert "userbar" not in visitor.page_source
    picture(visitor, "wagtail-1-visitor-before")

    log_in(office, address)
    office.get(address + PATH)
    picture(office, "wagtail-2-editor-userbar")
    bar = WebDriverWait(office, WAIT).until(lambda browser: browser.execute_script(USERBAR))
    found = re.search(r"/admin/pages/\d+(?=/edit/)", bar)
    assert found, "the userbar leads to the editor"
    at = address + found[0]

    edit(office, at, DRAFT, "button.action-save")
    picture(office, "wagtail-3-editor-draft-saved")
    office.get(f"{at}/view_draft/")
    assert DRAFT in shown(office)
    picture(office, "wagtail-4-editor-draft")
    visitor.refresh()
    assert BEFORE in shown(visitor)
    assert is_warm(address)

    edit(office, at, AFTER, "button[name=action-publish]")
    office.get(address + PATH)
    assert AFTER in shown(office)
    visitor.refresh()
    assert AFTER in shown(visitor)
    assert "userbar" not in visitor.page_source
    picture(visitor, "wagtail-5-visitor-after")
