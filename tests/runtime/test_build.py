"""Pages made by other code or templates are other pages."""

from __future__ import annotations

import pytest

from freshpage.build import build_digest


@pytest.fixture
def project(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    settings.TEMPLATES = []
    (tmp_path / "shop" / "templates").mkdir(parents=True)
    (tmp_path / "shop" / "views.py").write_text("A = 1")
    (tmp_path / "shop" / "templates" / "page.html").write_text("<p>")
    return tmp_path


def test_the_same_files_are_the_same_build_whatever_their_dates(project):
    import os

    before = build_digest()
    os.utime(project / "shop" / "views.py", (1, 1))
    assert build_digest() == before


@pytest.mark.parametrize(
    "name", ["shop/views.py", "shop/templates/page.html", "shop/new.py", "locale/de/django.mo"]
)
def test_another_module_template_or_translation_is_another_build(project, name):
    before = build_digest()
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert build_digest() != before


@pytest.mark.parametrize("name", ["media/upload.html", ".freshpage/x.py", "db.sqlite3", "a.log"])
def test_what_is_no_code_does_not_count(project, name):
    before = build_digest()
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    assert build_digest() == before


def test_a_virtual_environment_below_the_project_does_not_count(project):
    before = build_digest()
    (project / "env" / "lib").mkdir(parents=True)
    (project / "env" / "pyvenv.cfg").write_text("home = /usr")
    (project / "env" / "lib" / "module.py").write_text("x = 1")
    assert build_digest() == before


def test_template_folders_elsewhere_count(project, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("theme")
    (folder / "base.html").write_text("one")
    settings.TEMPLATES = [{"BACKEND": "x", "DIRS": [folder]}]
    before = build_digest()
    (folder / "base.html").write_text("two")
    assert build_digest() != before


def test_a_broken_link_is_passed_over(project):
    (project / "gone.py").symlink_to(project / "nowhere.py")
    assert build_digest()
