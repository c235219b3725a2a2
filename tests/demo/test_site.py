"""The site itself: its pages, languages, menus, and how it starts."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.demo.conftest import environment, free_port
from tests.demo.site import EXAMPLE, PAGES, Editor, Site


def test_as_many_pages_as_asked_for_and_most_in_both_languages(site: Site) -> None:
    ((pages,),) = site.rows("SELECT count(*) FROM cms_page")
    assert pages == PAGES
    assert len(site.paths("de")) == PAGES
    assert PAGES * 0.9 < len(site.paths("en")) < PAGES


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_answers_and_says_its_language(site: Site, language: str) -> None:
    for path, answer in site.get_all(site.paths(language)):
        assert answer.status_code == 200, path
        assert f'<html lang="{language}">' in answer.text, path
        assert answer.text.count("<h1") == 1, path


def test_pages_have_three_to_six_placeholders_and_text_in_them(site: Site) -> None:
    counts = Counter(
        slots
        for (slots,) in site.rows(
            "SELECT count(*) FROM cms_placeholder p JOIN django_content_type t"
            " ON t.id = p.content_type_id WHERE t.model = 'pagecontent' GROUP BY p.object_id"
        )
    )
    assert set(counts) == {3, 4, 5, 6}
    words = [
        len(re.sub("<[^>]+>", " ", body).split())
        for (body,) in site.rows("SELECT body FROM djangocms_text_text")
    ]
    assert sum(words) / len(site.paths("en") + site.paths("de")) > 90


def test_no_text_keeps_a_sign_of_its_making(site: Site) -> None:
    for (body,) in site.rows("SELECT body FROM djangocms_text_text"):
        assert not re.search(r"[{}]|\*\*|\]\(|##", body), body


def test_links_between_pages_lead_somewhere(site: Site) -> None:
    there = {*site.paths("en"), *site.paths("de")}
    for (body,) in site.rows("SELECT body FROM djangocms_text_text"):
        for link in re.findall(r'href="(/[^"]*)"', body):
            assert link in there, link


def test_the_tree_is_sound(set_up_once: Path) -> None:
    code = "from cms.models import Page; assert not any(Page.find_problems())"
    subprocess.run(
        [sys.executable, str(EXAMPLE / "manage.py"), "shell", "-v0", "-c", code],
        env=environment(set_up_once),
        check=True,
    )


def test_the_same_number_gives_the_same_pages(tmp_path: Path) -> None:
    code = (
        "from content import plan, stories;"
        "print(hash(repr(stories.filled(list(plan.written()), 400))))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(EXAMPLE), "PYTHONHASHSEED": "0"},
            check=True,
            capture_output=True,
        ).stdout
        for _ in range(2)
    }
    assert len(told) == 1


def test_menus_nest_and_mark_where_one_is(site: Site) -> None:
    html = site.get(site.path_of("services/citizens/passport")).text
    main = re.search(r'<nav class="main".*?</nav>', html, re.DOTALL)
    assert main
    assert len(re.findall("<li>", main[0])) == 10
    assert re.search('class="ancestor">Services', main[0])
    section = re.search(r'<nav class="section".*?</nav>', html, re.DOTALL)
    assert section
    assert 'aria-current="page">Passport' in section[0]
    assert section[0].count("<ul>") == 2
    crumbs = re.search(r'<nav class="crumbs".*?</nav>', html, re.DOTALL)
    assert crumbs
    assert re.findall(r">([^<>\n]+)</(?:a|span)>", crumbs[0]) == [
        "Home",
        "Services",
        "Citizens&#x27; office",
        "Passport",
    ]


def test_a_page_leads_to_itself_in_the_other_language(site: Site) -> None:
    html = site.get(site.path_of("parks/orchard")).text
    assert f'<a href="{site.path_of("parks/orchard", "de")}" lang="de"' in html


def test_the_root_leads_to_the_visitors_language(site: Site) -> None:
    for language in ("de", "en"):
        assert site.get("/", Accept_Language=language).headers["location"] == f"/{language}/"


def test_newest_pages_come_first(site: Site) -> None:
    days = re.findall(r'<time datetime="([\d-]+)"', site.get("/de/aktuelles/").text)
    assert len(days) == 10
    assert days == sorted(days, reverse=True)


def test_style_sheet_script_and_icon_are_served(site: Site) -> None:
    html = site.get("/en/").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    assert len(addresses) == 3
    for address in addresses:
        assert site.get(address).status_code == 200


def test_nothing_is_fetched_from_elsewhere(site: Site) -> None:
    html = site.get("/en/").text
    assert not re.findall(r'(?:href|src)="(?:https?:)?//', html)
    assert "http" not in site.get("/static/town/town.css").text


def test_a_page_that_is_not_there(site: Site) -> None:
    answer = site.get("/de/nirgendwo/")
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text


def test_the_welcome_says_what_to_try(site: Site) -> None:
    assert f"\n{site.address}/\n" in site.welcome
    for address in re.findall(r"http://\S+", site.welcome):
        assert site.get(address.removeprefix(site.address)).status_code in (200, 302)


def test_the_editor_is_no_superuser(site: Site, editor: Editor) -> None:
    assert editor.get("/en/admin/").status_code == 200
    assert site.rows("SELECT is_superuser FROM auth_user") == [(0,)]


def _refused(var: Path, **given: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "serve.py")],
        env=environment(var, **given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    return done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"demo: port {port} is not free" in _refused(tmp_path, PORT=str(port))


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("PAGES", "many"), ("PAGES", "12")]
)
def test_a_wrong_number_is_said(tmp_path: Path, name: str, value: str) -> None:
    told = _refused(tmp_path, **{"PORT": str(free_port()), name: value})
    assert f"demo: {name} is a whole number from" in told
    assert "Traceback" not in told


def test_too_few_pages_for_a_town_are_said() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from content import stories; stories.filled([], 20)"],
        env={"PYTHONPATH": str(EXAMPLE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ValueError: the town has at least" in done.stderr
