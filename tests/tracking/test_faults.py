"""A fault of ours breaks no query, no commit and no page; it is said once."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from freshpage.tracking import faults
from freshpage.tracking.record import recording
from tests.engine.driving import PlainRequest
from tests.oracle.keeping import Kept
from tests.oracle.newsroom.models import Article, Author, Section, Topic

pytestmark = pytest.mark.usefixtures("site")


class Fault(Exception):
    pass


def fail(*args, **options):
    raise Fault("ours")


def names():
    return " ".join(Section.objects.order_by("pk").values_list("name", flat=True))


def save():
    one = Section.objects.get(slug="sport")
    one.name = "New"
    one.save()


def update():
    Section.objects.filter(slug="sport").update(name="New")


def raw():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE newsroom_section SET name = %s WHERE slug = %s", ["New", "sport"])


def create():
    Section.objects.create(name="New", slug="new")


def upsert():
    rows = [Section(name="New", slug="sport")]
    Section.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["slug"], update_fields=["name"]
    )


def delete():
    Article.objects.all().delete()
    Section.objects.filter(slug="sport").delete()


WRITES = [save, update, raw, create, upsert, delete]
PLACES = [
    *("writes._compiled", "writes._own_keys", "writes._matching", "writes.read_by_key"),
    *("writes.read_where", "raw_sql.read_where", "raw_sql.key_of", "rows.compare", "rows.table"),
    *("raw_sql.first_word", "raw_sql.understand", "delivery.Delivery._tags"),
    *("registry.Registry.refresh", "registry.Registry.touched", "rows._read"),
]


@pytest.mark.parametrize("within", [False, True], ids=["autocommit", "transaction"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_is_made_and_told(monkeypatch, write, place, within):
    page = Kept(names)
    monkeypatch.setattr(f"freshpage.tracking.{place}", fail)
    if within:
        with transaction.atomic():
            write()
    else:
        write()
    monkeypatch.undo()
    assert not page.right
    assert not page.fresh


def test_sql_of_ours_that_the_database_refuses(monkeypatch):
    page = Kept(names)
    monkeypatch.setattr(
        "freshpage.tracking.writes.read_where",
        lambda *given, **options: connection.cursor().execute("SELECT no_such_column"),
    )
    with transaction.atomic():
        update()
        assert names() == "New Arts"
    assert not page.fresh


def test_an_error_of_the_application_stays_its_own():
    Kept(names)
    with pytest.raises(IntegrityError):
        Section.objects.create(name="Twice", slug="sport")
    with pytest.raises(IntegrityError):
        Section.objects.filter(slug="arts").update(slug="sport")
    with pytest.raises(ValueError, match="number"):
        Section.objects.filter(slug="arts").update(parent="none")


def view():
    return " ".join(f"{one.name} {one.pk}" for one in Section.objects.order_by("pk"))


@pytest.mark.parametrize(
    "place",
    [
        *("shown.Building.make", "reads.trace_of", "plans.Plan.note", "reads.conditions_of"),
        *("reads.analyse", "traces.Trace._finish", "registry.Registry.confirm"),
    ],
)
def test_a_page_is_rendered_and_not_stored(monkeypatch, place, caplog):
    right = Kept(view).text
    monkeypatch.setattr(f"freshpage.tracking.{place}", fail)
    monkeypatch.setattr(faults, "_said", set())
    pages = [Kept(view, PlainRequest(path="/sections/")) for _ in range(3)]
    told = [said for said in caplog.messages if "ours" in said]
    if place in ("reads.analyse", "reads.conditions_of") and not told:
        return  # the plan was known: it is not asked
    assert all(page.text == right for page in pages)
    assert not any(page.stored for page in pages)
    assert len(told) == 1
    assert "/sections/" in told[0]


def test_rows_that_come_while_they_are_shown(monkeypatch):
    monkeypatch.setattr("freshpage.tracking.plans.Plan.row_tags", fail)
    page = Kept(lambda: " ".join(one.name for one in Section.objects.order_by("pk").iterator()))
    assert page.text == "Sport Arts"
    assert not page.stored


def test_sql_within_a_query(monkeypatch):
    monkeypatch.setattr("freshpage.tracking.raw_sql.understand", fail)
    page = Kept(lambda: str(len(Section.objects.extra(where=["name > 'B'"]))))
    assert page.text == "1"
    assert not page.stored


def test_threads_that_show_the_same_rows():
    """Each finds every value, without a query of its own."""
    for _ in range(20):
        found = []

        def render(found=found):
            rows = list(Author.objects.order_by("pk"))
            start = threading.Barrier(4)

            def show():
                start.wait()
                found.append([(one.name, one.bio) for one in rows])

            threads = [threading.Thread(target=show) for _ in range(4)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            return ""

        assert Kept(render).stored
        assert found == [[("Ann", ""), ("Ben", "")]] * 4


def test_a_compiler_that_is_used_again():
    page = Kept(lambda: "")
    query = Topic.objects.order_by("pk").query
    with recording(page.record):
        compiler = query.get_compiler("default")
        assert len(list(compiler.results_iter())) == 2
        assert "ORDER BY" in compiler.as_sql(with_limits=False, with_col_aliases=True)[0]
