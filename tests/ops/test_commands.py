"""``manage.py freshpage``: what other programs and operators say."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from freshpage import runtime
from tests.doors.conftest import is_hit, make_visitor  # noqa: F401  (a fixture)
from tests.oracle.newsroom.models import Section


@pytest.fixture
def visitor(make_visitor):  # noqa: F811
    return make_visitor("wsgi")


def freshpage(*arguments: str) -> str:
    out = StringIO()
    call_command("freshpage", *arguments, stdout=out)
    return out.getvalue().strip()


def after(visitor, *arguments: str, paths=("/tagged/", "/page/")) -> list[bool]:
    for path in paths:
        visitor.get(path)
    assert all(is_hit(visitor.get(path)) for path in paths)
    freshpage(*arguments)
    return [is_hit(visitor.get(path)) for path in paths]


def test_a_tag(visitor):
    assert after(visitor, "invalidate", "news", "other") == [False, True]
    assert freshpage("invalidate", "news", "other") == "invalidated: news, other"


def test_softly(visitor):
    assert freshpage("invalidate", "--soft", "news") == "invalidated softly: news"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("newsroom.Section", [False, False, False, True]),
        ("newsroom.section:1", [False, True, False, True]),
        ("newsroom.Section:2", [True, False, False, True]),
        ("newsroom.Section:3", [True, True, False, True]),
        ("newsroom.Topic", [True, True, True, True]),
    ],
)
def test_the_rows_of_a_model(visitor, settings, name, left):
    """What was changed past Django."""
    settings.ROOT_URLCONF = "tests.ops.site"
    Section.objects.bulk_create(
        [Section(pk=1, name="Sport", slug="sport"), Section(pk=2, name="Arts", slug="arts")]
    )
    paths = ("/sections/1/", "/sections/2/", "/sections/", "/plain/")
    assert after(visitor, "invalidate", name, paths=paths) == left


@pytest.mark.django_db(transaction=True)
def test_a_row_with_a_key_of_two_parts(visitor):
    assert freshpage("invalidate", "newsroom.Reading:ann,7").endswith("ann,7")
    with pytest.raises(CommandError, match="2 parts"):
        freshpage("invalidate", "newsroom.Reading:ann")


def test_a_tag_that_only_looks_like_a_model(visitor):
    assert after(visitor, "invalidate", "weather.Report:1") == [True, True]


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["/page/"], [True, False]),
        (["http://testserver/page/", "/tagged/"], [False, False]),
        (["http://other/page/"], [True, True]),
        (["--prefix", "/page/"], [True, False]),
        (["--prefix", "/"], [False, False]),
        (["--everything"], [False, False]),
    ],
)
def test_purging(visitor, arguments, left):
    assert after(visitor, "purge", *arguments) == left


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["invalidate", "auth.Usr"], "auth has no model 'Usr'; it has .*User"),
        (["invalidate", "auth.User:me"], "'me' is no primary key of auth.User"),
        (["invalidate", "@all"], "'@all'"),
        (["invalidate"], "required"),
        (["purge"], "what to purge"),
        (["purge", "page/"], "a path starts with '/'"),
        (["purge", "--prefix", "/pa"], "a prefix ends in '/'"),
        ([], "required"),
        (["shine"], "invalid choice"),
    ],
)
def test_a_wrong_word_is_told(visitor, arguments, fault):
    with pytest.raises(CommandError, match=fault):
        freshpage(*arguments)


def test_how_it_is(visitor):
    visitor.get("/page/")
    told = dict(line.split(":", 1) for line in freshpage("status").splitlines())
    assert told["store"].strip().startswith("sqlite:///")
    assert int(told["entries"].replace(",", "")) >= 1
    assert told["build"].strip() == "tests"


def test_a_password_is_not_shown(visitor, settings):
    settings.FRESHPAGE = {"STORE": "redis://me:secret@localhost:1/0", "BUILD": "tests"}
    with pytest.raises(CommandError) as told:
        freshpage("status")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"STORE": "memory"}, "each process has a store of its own"),
        ({"STORE": "redis://localhost:1/0"}, "nothing was invalidated: .*localhost:1/0"),
        ({"STORE": "sqlight"}, "sqlite"),
        ({"TTL": 1}, "no 'TTL'"),
    ],
)
def test_a_store_that_cannot_be_told(visitor, settings, options, fault):
    settings.FRESHPAGE = options
    runtime.reset()
    with pytest.raises(CommandError, match=fault):
        freshpage("invalidate", "news")


def test_another_process_is_heard(visitor, settings, tmp_path):
    for _ in range(2):
        answer = visitor.get("/tagged/")
    assert is_hit(answer)
    module = tmp_path / "other_settings.py"
    module.write_text(f"from tests.settings import *\nFRESHPAGE = {settings.FRESHPAGE!r}\n")
    script = (
        f"import os, sys; sys.path[:0] = {[str(tmp_path), *sys.path]!r}\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'other_settings'\n"
        "from django.core.management import execute_from_command_line as run\n"
        "run(['manage.py', 'freshpage', 'invalidate', 'news'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.strip() == "invalidated: news"
    assert not is_hit(visitor.get("/tagged/"))
