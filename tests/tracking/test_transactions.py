"""Only what is committed counts, and it counts at once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import IntegrityError, connection, transaction

from freshpage.tracking.record import current, recording
from tests.oracle.keeping import TAGS, Kept
from tests.oracle.newsroom.models import Author, Section


class Undone(Exception):
    pass


@pytest.fixture
def page(site):
    return Kept(lambda: " ".join(Section.objects.values_list("name", flat=True)))


def rename(name="New"):
    Section.objects.filter(slug="sport").update(name=name)


def test_a_commit_counts_when_it_has_returned(page):
    with transaction.atomic():
        rename()
        assert page.fresh
    assert not page.fresh


def test_it_counts_before_any_other_hook_runs(page):
    seen = []
    with transaction.atomic():
        transaction.on_commit(lambda: seen.append(page.fresh))
        rename()
    assert seen == [False]


def test_a_rollback_forgets(page):
    with suppress(Undone), transaction.atomic():
        rename()
        raise Undone
    assert page.fresh


def test_a_savepoint_forgets_what_it_takes_back(page):
    people = Kept(lambda: str(list(Author.objects.all())))
    with transaction.atomic():
        with suppress(Undone), transaction.atomic():
            rename()
            raise Undone
        Author.objects.create(name="New")
    assert page.fresh
    assert not people.fresh


def test_an_inner_block_counts_with_the_outer(page):
    with transaction.atomic():
        with transaction.atomic():
            rename()
        assert page.fresh
    assert not page.fresh


def test_a_statement_that_fails_changes_nothing(page, site):
    with pytest.raises(IntegrityError):
        Section.objects.filter(pk=site.arts.pk).update(slug="sport")
    assert page.fresh


def test_transactions_by_hand(page):
    transaction.set_autocommit(False)
    try:
        rename()
        assert page.fresh
        transaction.rollback()
        transaction.commit()
        assert page.fresh
        rename()
        transaction.commit()
        assert not page.fresh
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_hooks_that_a_test_runs_itself(page, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        rename()
    assert not page.fresh


def test_a_render_in_a_transaction_that_wrote_is_not_stored(page):
    with suppress(Undone), transaction.atomic():
        rename()
        inside = Kept(page.render)
        other = Kept(lambda: str(Author.objects.count()))
        raise Undone
    assert inside.record.loss == "uncommitted-data"
    assert other.record.loss == "older-transaction"


def test_a_transaction_that_had_read_before_a_render_may_not_see_what_is_new(site):
    with transaction.atomic():
        before = Kept(lambda: str(Author.objects.count()))  # its own question is the first
        list(Section.objects.all())
        after = Kept(before.render)
    assert before.record.loss == "new-query"
    assert after.record.loss == "older-transaction"
    with transaction.atomic(), transaction.atomic():
        assert Kept(before.render).stored


def test_with_autocommit_off_a_transaction_begins_with_each_commit(site):
    page = Kept(lambda: str(Author.objects.count()))
    transaction.set_autocommit(False)
    try:
        assert Kept(page.render).stored
        assert Kept(page.render).record.loss == "older-transaction"
        transaction.commit()
        assert Kept(page.render).stored
        transaction.rollback()
        assert Kept(page.render).stored
        rename()
        assert Kept(page.render).record.loss == "older-transaction"
        assert Kept(lambda: str(Section.objects.count())).record.loss == "uncommitted-data"
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_what_is_read_in_parts_of_a_render_belongs_to_it(site):
    page = Kept(lambda: str(Author.objects.count()))

    def view():
        record = current()
        with transaction.atomic():
            list(Author.objects.all())
            part = record.part()
            with recording(part):
                text = page.render()
            record.absorb(part)
        return text

    Kept(view)
    assert Kept(view).stored


def test_a_render_that_raced_with_a_write_is_not_served(site):
    def view():
        found = " ".join(Section.objects.values_list("name", flat=True))
        rename()
        return found

    page = Kept(view)
    assert page.stored
    assert not page.fresh


def test_a_question_is_noted_before_it_is_asked(site):
    """A write that commits right after the answer finds it."""
    noted = []

    def executed(execute, sql, params, many, context):
        noted.append(len(TAGS.noted))
        return execute(sql, params, many, context)

    before = len(TAGS.noted)
    with connection.execute_wrapper(executed):
        Kept(lambda: str(list(Section.objects.filter(name="Sport", slug="sport"))))
    assert noted[0] > before


def test_a_new_question_in_a_transaction_is_not_stored_at_first(site):
    def view():
        with transaction.atomic():
            return str(list(Section.objects.filter(slug="sport")))

    assert Kept(view).record.loss == "new-query"
    assert Kept(view).stored


def test_old_values_are_read_with_the_right_to_write(site, monkeypatch):
    """Nobody can change them between the reading and the writing."""
    Kept(lambda: str(list(Section.objects.all())))
    asked = []

    def executed(execute, sql, params, many, context):
        asked.append(sql.split(" ")[0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(executed):
        rename()
    assert asked == ["BEGIN", "DELETE", "SELECT", "UPDATE", "SELECT"]
