"""SQL that is sent through cursors."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from freshpage.tracking.sql import UNKNOWN, Parameter, Read, understand
from tests.oracle.keeping import Kept
from tests.oracle.newsroom.models import Article, Comment, Section

ARTICLE = "newsroom_article"


def reads(sql):
    found = understand(sql, "sqlite", True).reads
    return None if found is None else {one.table: set(one.columns) for one in found}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT title FROM newsroom_article WHERE id = %s", {ARTICLE: {"title", "id"}}),
        ("SELECT * FROM newsroom_article", {ARTICLE: {"*"}}),
        ("SELECT count(*) FROM newsroom_article", {ARTICLE: set()}),
        ('SELECT a."Title" FROM NEWSROOM_ARTICLE a', {ARTICLE: {"title"}}),
        (
            "SELECT a.title FROM newsroom_article a JOIN newsroom_section s ON s.id = section_id",
            {ARTICLE: {"title", "section_id"}, "newsroom_section": {"id"}},
        ),
        (
            "WITH latest AS (SELECT title FROM newsroom_article) SELECT title FROM latest",
            {ARTICLE: {"title"}},
        ),
        (
            "SELECT title FROM newsroom_article WHERE (SELECT 1 FROM newsroom_topic WHERE name=1)",
            {ARTICLE: {"title"}, "newsroom_topic": {"name"}},
        ),
        ("SELECT rowid FROM newsroom_article", {ARTICLE: set()}),
        ("SELECT a.rowid FROM newsroom_article a", {ARTICLE: {"*"}}),
        ("SELECT a FROM elsewhere", {"elsewhere": {"*"}}),
        ("SELECT anything(title) FROM newsroom_article", None),
        ("SELECT 1", {}),
    ],
)
def test_what_a_query_reads(sql, found):
    assert reads(sql) == found


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT 1", []),
        ("CREATE TABLE x (a int)", []),
        ("UPDATE newsroom_article SET title = %s", [(ARTICLE, "newsroom_article", "", {"title"})]),
        (
            "UPDATE newsroom_article AS a SET title='where' WHERE a.id IN (SELECT 1) RETURNING id",
            [(ARTICLE, "newsroom_article AS a", "a.id IN (SELECT 1)", {"title"})],
        ),
        ("DELETE FROM newsroom_article WHERE id = %s", [(ARTICLE, ARTICLE, "id = %s", None)]),
        ("UPDATE newsroom_article SET id = 5", [(ARTICLE, "", "", {"id"})]),
        ("UPDATE newsroom_article SET a = 1 FROM x", [(ARTICLE, "", "", None)]),
        ("INSERT INTO newsroom_article SELECT * FROM x", [(ARTICLE, "", "", None)]),
        ("DELETE FROM plain", [("plain", "plain", "", None)]),
    ],
)
def test_what_a_statement_writes(sql, writes):
    found = understand(sql, "sqlite", True).writes
    shown = [
        (one.table, one.target, one.where, None if one.columns is None else set(one.columns))
        for one in found
    ]
    assert shown == writes


@pytest.mark.parametrize(
    "sql",
    ["ALTER TABLE x ADD y int", "DROP TABLE x", "nonsense (", "SELECT 1; SELECT 2", "CALL f()"],
)
def test_what_is_not_understood(sql):
    assert understand(sql, "sqlite", False) == UNKNOWN


def test_nobody_is_told_what_the_parser_does_not_know(caplog):
    """A migration of Wagtail's has one; that it may write anything is right."""
    sql = "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); END"
    assert understand(sql, "sqlite", False) == UNKNOWN
    assert not caplog.records


def test_inserted_rows_are_told_as_far_as_they_can_be():
    sql = "INSERT INTO newsroom_topic (name, slug) VALUES (%s, 'a'), (lower(%s), %s), (%(n)s, NULL)"
    (write,) = understand(sql, "sqlite", True).writes
    assert write.rows == (
        {"name": Parameter(0), "slug": "a"},
        {"slug": Parameter(2)},
        {"name": Parameter("n"), "slug": None},
    )


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql", "mysql", "oracle"])
def test_the_clock_is_seen(vendor):
    assert understand("SELECT CURRENT_TIMESTAMP", vendor, False).clock
    assert not understand("SELECT 1", vendor, False).clock


def test_percent_signs():
    sql = "DELETE FROM newsroom_topic WHERE name LIKE '%%x' AND slug = %s"
    (write,) = understand(sql, "sqlite", True).writes
    assert (write.where, write.keys) == ("name LIKE '%%x' AND slug = %s", (0,))
    (write,) = understand("DELETE FROM newsroom_topic WHERE name LIKE '%x'", "sqlite", False).writes
    assert write.where == "name LIKE '%%x'"


def test_reads_know_their_columns():
    assert (
        Read(ARTICLE, ("title",))
        in understand("SELECT title FROM newsroom_article", "postgresql", False).reads
    )


# -- through a cursor --------------------------------------------------------------------


def execute(sql, params=None, many=False):
    with connection.cursor() as cursor:
        cursor.executemany(sql, params) if many else cursor.execute(sql, params)


def count(*params):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM newsroom_comment WHERE approved = %s", params)
        return str(cursor.fetchone())


@pytest.fixture
def titles(site):
    def view():
        rows = Article.objects.raw("SELECT id, title FROM newsroom_article WHERE section_id = 1")
        return " ".join(row.title for row in rows)

    return Kept(view)


def test_a_raw_queryset_depends_on_its_columns(titles, site):
    site.ann.name = "New"
    site.ann.save()
    Article.objects.update(text="New")
    assert titles.fresh
    Article.objects.filter(pk=site.articles[0].pk).update(title="New")
    assert not titles.fresh


def test_a_cursor_depends_on_its_columns(site):
    page = Kept(lambda: count(True))
    Comment.objects.update(text="New")
    assert page.fresh
    Comment.objects.filter(article=site.articles[3]).update(approved=False)
    assert not page.fresh


WRITES = [
    ("UPDATE newsroom_section SET name = %s WHERE slug = %s", ["New", "sport"]),
    ("UPDATE newsroom_section SET name = %(n)s WHERE slug = 'sport'", {"n": "New"}),
    ("update newsroom_section as s set name = upper(name) where s.slug = 'sport'", None),
    ("-- a comment\nUPDATE newsroom_section SET name = 'New'", None),
    ("REPLACE INTO newsroom_section (id, name, slug) SELECT id, 'New', slug FROM newsroom_section",
     None),
    ("WITH s AS (SELECT 1) UPDATE newsroom_section SET name = 'New' WHERE slug = 'sport'", None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "params"), WRITES)
def test_what_a_statement_changes_drops(site, sql, params):
    page = Kept(lambda: Section.objects.get(slug="sport").name)
    execute(sql, params)
    assert not page.fresh


def test_what_it_does_not_change_stays(site):
    Kept(lambda: Section.objects.get(slug="sport").name)
    page = Kept(lambda: Section.objects.get(slug="sport").name)
    execute("UPDATE newsroom_section SET name = 'New' WHERE slug = %s", ["arts"])
    execute("UPDATE newsroom_section SET name = name")
    execute("DELETE FROM newsroom_section WHERE slug = 'none'")
    assert page.fresh


def test_inserting(site):
    page = Kept(lambda: str(Section.objects.filter(slug="new").count()))
    sql = "INSERT INTO newsroom_section (name, slug) VALUES (%s, %s)"
    execute(sql, ["Other", "other"])
    execute(sql, [("A", "a"), ("B", "b")], many=True)
    page.fill()
    assert page.text == "0"
    execute(sql, ["New", "new"])
    assert not page.fresh


def test_many_at_once(site):
    page = Kept(lambda: Section.objects.get(slug="sport").name)
    execute("UPDATE newsroom_section SET name = %s WHERE slug = %s", [("New", "sport")], many=True)
    assert not page.fresh


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE newsroom_profile ADD COLUMN extra text",
        "CREATE TRIGGER t AFTER INSERT ON newsroom_topic BEGIN DELETE FROM newsroom_note; END",
    ],
)
def test_a_changed_database_drops_everything(site, sql):
    page = Kept(lambda: "nothing is read")
    try:
        execute(sql)
        assert not page.fresh
    finally:
        execute("DROP TRIGGER IF EXISTS t")
        if "COLUMN" in sql:
            execute("ALTER TABLE newsroom_profile DROP COLUMN extra")


def test_scripts_and_what_else_a_driver_has(site):
    page = Kept(lambda: "nothing is read")
    with connection.cursor() as cursor:
        cursor.executescript("UPDATE newsroom_section SET name = 'New';")
    assert not page.fresh


def test_harmless_statements(site):
    page = Kept(lambda: Section.objects.get(slug="sport").name)
    for sql in ("PRAGMA foreign_keys", "EXPLAIN SELECT 1", "SELECT 1", "ANALYZE"):
        execute(sql)
    assert page.fresh


def test_a_statement_that_returns_what_it_wrote(site):
    def view():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE newsroom_section SET name = 'New' RETURNING name")
            return str(cursor.fetchall())

    assert Kept(view).record.loss == "returning"


def test_the_clock_of_the_database(site):
    def view():
        with connection.cursor() as cursor:
            cursor.execute("SELECT datetime('now')")
            return str(cursor.fetchone())

    assert Kept(view).declared.unstated_ttl == 60
    assert timezone.now()
