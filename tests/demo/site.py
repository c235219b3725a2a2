"""A visitor's and an editor's view of the running demo site."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

EXAMPLE = Path(__file__).parents[2] / "example"
PAGES = 120
USER, PASSWORD = "editor", "ellerbrueck"
WORKERS = 2
TRIES = 5  # a store may miss its time budget on a busy machine, and then keeps nothing


class Site:
    """The site as visitors have it: every request on a connection of its own."""

    def __init__(self, address: str, var: Path, log: Path, welcome: str) -> None:
        self.address, self.var, self.log, self.welcome = address, var, log, welcome

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(self.address + path, headers=named, timeout=60)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the site's database."""
        with sqlite3.connect(f"file:{self.var / 'town.sqlite3'}?mode=ro", uri=True) as database:
            return database.execute(sql, values).fetchall()

    def paths(self, language: str) -> list[str]:
        """The paths of all published pages in a language."""
        found = self.rows(
            "SELECT path FROM cms_pageurl WHERE language = ? AND path IS NOT NULL", language
        )
        return [f"/{language}/{path}/".replace("//", "/") for (path,) in found]

    def path_of(self, key: str, language: str = "en") -> str:
        """The path of the page with this key."""
        ((path,),) = self.rows(
            "SELECT u.path FROM cms_pageurl u JOIN cms_page p ON p.id = u.page_id"
            " WHERE p.reverse_id = ? AND u.language = ?",
            key,
            language,
        )
        return f"/{language}/{path}/"

    def warm(self, path: str) -> httpx.Response:
        """An answer from the cache, after it was put there."""
        for _ in range(TRIES):
            if is_hit(answer := self.get(path)):
                return answer
        raise AssertionError(f"{path} is not cached: {answer.headers['Cache-Status']}")

    def get_all(self, paths: list[str]) -> list[tuple[str, httpx.Response]]:
        """Answers to all ``paths``, as many at a time as the site has threads."""
        with ThreadPoolExecutor(8) as visitors:
            return list(zip(paths, visitors.map(self.get, paths), strict=True))

    def from_every_worker(self, path: str) -> list[httpx.Response]:
        """Answers to ``path`` from both workers, in whatever order and number it takes."""
        mark, answers = len(self._logged()), []
        with ThreadPoolExecutor(16) as visitors:
            for _ in range(20):
                answers += visitors.map(self.get, [path] * 16)
                if len({line.split()[0] for line in self._logged()[mark:]}) == WORKERS:
                    return answers
        raise AssertionError("one worker answered 320 requests")

    def _logged(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


class Editor(httpx.Client):
    """The editor, logged in with the account the demo prints, in the real admin."""

    def __init__(self, site: Site) -> None:
        super().__init__(base_url=site.address, timeout=60)
        login = "/en/admin/login/"
        filled = form(self.get(login).text, "login-form")
        filled |= {"username": USER, "password": PASSWORD, "next": "/en/"}
        answer = self.post(login, data=filled)
        assert answer.headers.get("location") == "/en/", answer.text

    def draft(self, path: str) -> str:
        """Begin a draft of the page at ``path``, or go on with it: the page being edited."""
        answer = self._press(self.get(path).text, "edit-redirect")
        return self.get(answer.headers["location"]).text

    def publish(self, editing: str) -> None:
        """Press the button of the page being edited."""
        self._press(editing, "publish")

    def unpublish(self, path: str) -> None:
        """Take the page at ``path`` offline, as the list of its versions offers it."""
        page = self.get(path).text
        self._press(page.replace("/edit-redirect/", "/unpublish/"), "unpublish")

    def change_text(self, editing: str, old: str, new: str) -> None:
        """Put ``new`` for ``old`` in a text of the page being edited."""
        for plugin in sorted(set(re.findall(r"edit-plugin/(\d+)", editing))):
            address = f"/en/admin/cms/placeholder/edit-plugin/{plugin}/?cms_path=/en/"
            body = form(self.get(address).text, "text_form").get("body", "")
            if old in body:
                self.fill_in(address, "text_form", body=body.replace(old, new))
                return
        raise AssertionError(f"no text has {old!r}")

    def fill_in(self, address: str, form_id: str, **changes: str) -> None:
        """Change fields of a form of the admin and save it."""
        filled = form(self.get(address).text, form_id)
        assert changes.keys() <= filled.keys()
        answer = self.post(address, data=filled | changes)
        assert answer.status_code in (200, 302), answer.text
        assert "errorlist" not in answer.text, answer.text

    def _press(self, html: str, button: str) -> httpx.Response:
        """POST to the address that a button of the toolbar has."""
        found = re.search(rf"/en/admin/djangocms_versioning/\w+/\d+/{button}/", html)
        assert found, f"no button {button}"
        answer = self.post(found[0], data={"csrfmiddlewaretoken": self.cookies["csrftoken"]})
        assert answer.status_code == 302, answer.text
        return answer


def status(answer: httpx.Response) -> dict[str, str]:
    """The members of freshpage's Cache-Status: {"hit": "", "ttl": "583"}."""
    name, *members = (part.strip() for part in answer.headers["Cache-Status"].split(";"))
    assert name == "freshpage"
    return {key: value for key, _, value in (member.partition("=") for member in members)}


def is_hit(answer: httpx.Response) -> bool:
    return "hit" in status(answer)


class _Form(HTMLParser):
    """The fields of the form with an id, and the values a browser would send."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.inside = wanted, False
        self.fields: dict[str, str] = {}
        self.open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.wanted
        name = given.get("name")
        if not self.inside or not name:
            if self.inside and tag == "option" and self.open and "selected" in given:
                self.fields[self.open] = given.get("value", "")
            return
        if tag == "input" and given.get("type") not in ("submit", "checkbox"):
            self.fields[name] = given.get("value", "")
        elif tag in ("textarea", "select"):
            self.open, self.fields[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select"):
            self.open = None
        elif tag == "form":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.open and self.lasttag == "textarea":
            self.fields[self.open] += data


def form(html: str, id_: str) -> dict[str, str]:
    """The fields of a form in ``html``, as they stand."""
    parser = _Form(id_)
    parser.feed(html)
    assert parser.fields, f"no form with the id {id_}"
    return parser.fields
