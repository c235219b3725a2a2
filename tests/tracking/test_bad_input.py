"""What can't be followed is right or not stored, and never an exception for the visitor."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection, connections, models, transaction
from django.db.models import Func
from django.db.models.expressions import RawSQL
from django.http import StreamingHttpResponse
from django.template import Context, Engine, Library

from tests.oracle.keeping import TAGS, Kept
from tests.oracle.newsroom.models import Article, PublicTitle, Reading, Section, Topic

pytestmark = pytest.mark.usefixtures("site")


def rename(name="New"):
    Section.objects.filter(slug="sport").update(name=name)


def names():
    return " ".join(Section.objects.values_list("name", flat=True))


def test_a_composite_key(site):
    for reader, article in (("ann", site.articles[0]), ("ben", site.articles[1])):
        Reading.objects.create(reader=reader, article=article)
    one = Reading.objects.filter(pk=("ann", site.articles[0].pk))
    page = Kept(lambda: str(one.get()))
    Kept(lambda: str(Reading.objects.get(pk=("ben", site.articles[1].pk))))
    every = Kept(lambda: str(list(Reading.objects.all())))
    one.update(minutes=9)
    assert not page.fresh
    assert not every.fresh
    page.fill()
    every.fill()
    Reading.objects.filter(reader="ben").update(minutes=7)
    assert page.right
    assert not every.fresh
    every.fill()
    one.delete()
    assert not page.fresh
    assert not every.fresh


@pytest.fixture
def view_in_the_database(site):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIEW newsroom_public_title AS "
            "SELECT id, title FROM newsroom_article WHERE status = 'public'"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP VIEW newsroom_public_title")


@pytest.mark.usefixtures("view_in_the_database")
def test_a_view_depends_on_every_table():
    page = Kept(lambda: str(PublicTitle.objects.count()))
    Article.objects.filter(slug="title-3").update(status="draft")
    assert not page.fresh


def test_tables_that_django_did_not_make(site):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain (name TEXT)")

    def view():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM plain")
            return str(cursor.fetchone())

    page = Kept(view)
    rename()
    assert page.fresh
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO plain VALUES ('x')")
    assert not page.fresh
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE plain")


class FoundIn(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(slug="sport")


def test_a_manager_that_filters():
    manager = FoundIn()
    manager.model = Section
    page = Kept(lambda: str(list(manager.all())))
    rename()
    assert not page.fresh


def test_a_queryset_that_a_template_filter_evaluates():
    register = Library()
    register.filter("names", lambda rows: " ".join(row.name for row in rows))
    engine = Engine()
    engine.template_builtins.append(register)
    template = engine.from_string("{{ rows|names }}")
    page = Kept(lambda: template.render(Context({"rows": Section.objects.all()})))
    rename()
    assert not page.fresh


def names_elsewhere():
    try:
        return names()
    finally:
        connection.close()


def by_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(names_elsewhere()))
    thread.start()
    thread.join()
    return found[0]


def by_executor():
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(names_elsewhere).result()


def by_async():
    async def view():
        return " ".join([one.name async for one in Section.objects.all()])

    return async_to_sync(view)()


@pytest.mark.parametrize("view", [by_executor, by_thread, by_async])
def test_what_else_reads_for_a_render(view):
    page = Kept(view)
    assert "Sport" in page.text
    rename()
    assert not page.fresh


def test_a_stream_goes_on_reading():
    def parts():
        yield from (row.name for row in Section.objects.iterator())

    def view():
        return b"".join(StreamingHttpResponse(parts())).decode()

    page = Kept(view)
    rename()
    assert not page.fresh


def test_a_generator_that_is_never_closed():
    kept = []

    def view():
        rows = Section.objects.iterator(chunk_size=1)
        kept.append(rows)
        return next(rows).name

    page = Kept(view)
    rename()
    assert not page.fresh


class Shout(Func):
    function = "UPPER"

    def as_sql(self, compiler, connection, **extra):
        sql, params = compiler.compile(self.source_expressions[0])
        return f"UPPER({sql} || (SELECT name FROM newsroom_topic LIMIT 1))", params


def test_an_expression_with_sql_of_its_own():
    page = Kept(lambda: str(list(Section.objects.values_list(Shout("name")))))
    Topic.objects.update(name="New")
    assert not page.fresh


def test_sql_within_a_query(site):
    def view():
        other = RawSQL("SELECT name FROM newsroom_topic WHERE slug = %s", ["python"])
        return str(list(Section.objects.annotate(other=other).values_list("other")))

    page = Kept(view)
    site.ann.name = "New"
    site.ann.save()
    assert page.fresh
    Topic.objects.filter(slug="python").update(name="New")
    assert not page.fresh


def test_extra():
    page = Kept(lambda: str(list(Section.objects.extra(where=["name > 'B'"]))))
    rename()
    assert not page.fresh


def test_a_function_in_the_database_may_read_anything():
    connection.ensure_connection()
    connection.connection.create_function("anything", 0, lambda: 1)

    def view():
        with connection.cursor() as cursor:
            cursor.execute("SELECT anything()")
            return str(cursor.fetchone())

    page = Kept(view)
    rename()
    assert not page.fresh


def test_a_database_we_do_not_know(monkeypatch):
    monkeypatch.setattr(type(connections["default"]), "vendor", "monsters")
    page = Kept(lambda: str(Section.objects.all().query.get_compiler("default")))
    assert page.record.loss == "query-not-followed"
    assert page.record.refusal == ""


class Down:
    """A store that does not answer."""

    def __getattr__(self, name):
        def fail(*args, **options):
            raise OSError("the store is down")

        return fail


@pytest.fixture
def store_is_down():
    from freshpage.tracking.database import watch_database

    before = watch_database(lambda: [Down()])
    yield
    watch_database(before)


@pytest.mark.usefixtures("store_is_down")
def test_a_store_that_is_down():
    assert "Sport" in names()
    rename()
    TAGS.start_over()
    page = Kept(names)
    assert "New" in page.text
    assert not page.stored
    assert page.record.refusal == ""


def test_more_shapes_than_are_told_apart(monkeypatch):
    monkeypatch.setattr("freshpage.tracking.registry.SHAPES_PER_TABLE", 2)
    pages = [
        Kept(names),
        Kept(lambda: str(Section.objects.filter(slug="sport").values_list("name"))),
        Kept(lambda: str(list(Section.objects.filter(name="Sport").values_list("slug")))),
        Kept(lambda: str(list(Section.objects.order_by("slug")))),
    ]
    rename()
    assert not any(page.fresh for page in pages if not page.right)
    assert not pages[2].fresh
    assert not pages[3].fresh


def test_more_rows_than_are_tagged(monkeypatch):
    monkeypatch.setattr("freshpage.tracking.plans.ROWS", 3)
    page = Kept(lambda: str(list(Article.objects.all())))
    Article.objects.filter(slug="title-3").update(title="New")
    assert not page.fresh


def fails(*args, **options):
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(
    "place",
    [
        "freshpage.tracking.reads.trace_of",
        "freshpage.tracking.reads.analyse",
        "freshpage.tracking.plans.Plan.note",
        "freshpage.tracking.shown.Layout",
    ],
)
def test_a_fault_of_ours_in_a_render_is_told_once(place, monkeypatch, caplog):
    monkeypatch.setattr(place, fails)
    for _ in range(2):
        page = Kept(lambda: " ".join(row.name for row in Section.objects.order_by("-name")))
        assert page.text == "Sport Arts"
        assert not page.stored
    assert [record.name for record in caplog.records].count("freshpage.tracking") <= 1


@pytest.mark.parametrize(
    "place",
    [
        "freshpage.tracking.writes._own_keys",
        "freshpage.tracking.writes._where",
        "freshpage.tracking.writes.read_where",
        "freshpage.tracking.writes.read_by_key",
        "freshpage.tracking.rows.compare",
        "freshpage.tracking.raw_sql.understand",
        "freshpage.tracking.raw_sql.read_where",
        "freshpage.tracking.delivery.Follower",
    ],
)
def test_a_fault_of_ours_in_a_write_drops_more_and_breaks_nothing(place, site, monkeypatch):
    page = Kept(names)

    def by_cursor():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE newsroom_section SET name = %s WHERE slug = 'sport'", ["Raw"])

    writes = [
        lambda: Section.objects.create(name="New", slug="new"),
        lambda: Section.objects.bulk_create(
            [Section(pk=site.arts.pk, name="Arts", slug="fine-arts")],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["slug", "name"],
        ),
        rename,
        by_cursor,
        lambda: Section.objects.filter(slug="new").delete(),
    ]
    monkeypatch.setattr(place, fails)
    for write in writes:
        page.fill()
        before = page.text
        write()
        assert page.render() == before or not page.fresh


def test_a_write_that_the_database_refuses_is_the_callers(site):
    """What was read before it changes nothing about that."""
    Kept(names)
    with pytest.raises(IntegrityError), transaction.atomic():
        Section.objects.create(pk=site.arts.pk, name="Other", slug="other")
    assert Section.objects.get(pk=site.arts.pk).name == "Arts"


def test_a_view_that_triggers_write_through(site):
    page = Kept(names)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIEW newsroom_public_title AS SELECT id, title FROM newsroom_article"
        )
        cursor.execute(
            "CREATE TRIGGER through INSTEAD OF UPDATE ON newsroom_public_title BEGIN "
            "UPDATE newsroom_section SET name = new.title; END"
        )
    try:
        page.fill()
        shown = Kept(lambda: str(PublicTitle.objects.count()))
        PublicTitle.objects.update(title="Through")
        assert "Through" in names()
        assert not shown.fresh
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP VIEW newsroom_public_title")
