"""Every process that writes knows the shapes that pages are made with."""

from __future__ import annotations

import pytest

from freshpage.tracking.columns import INTEGER, TEXT
from freshpage.tracking.registry import Registry
from freshpage.tracking.shapes import (
    ALWAYS,
    BY_CHANGE,
    NEVER,
    Change,
    Column,
    Hop,
    NoRow,
    Shape,
    Tagger,
    decode,
    encode,
)
from tests.oracle.keeping import Tags

SHAPE = Shape("news", ("section", "title"), (Column("section", INTEGER),))
OTHER = Shape("news", ("author",), (Column("author", INTEGER),))


def nowhere(row, hops):
    raise NoRow


def touched(registry, *changes):
    registry.refresh()
    return registry.touched(changes, nowhere)


def change(old, new):
    names = {*(old or ()), *(new or ())}
    columns = None if old is None or new is None else {n for n in names if old[n] != new[n]}
    return Change("news", old, new, columns and frozenset(columns))


def test_one_process_notes_another_finds():
    store = Tags()
    reader, writer = Registry(lambda: [store]), Registry(lambda: [store])
    reader.confirm()
    tagger = reader.tagger(SHAPE)
    assert touched(writer, change(None, {"section": 3, "title": "A"})) == {f"{tagger.tag}:3"}
    assert writer.is_read("news")
    assert not writer.is_read("other")


def test_a_store_that_starts_over_is_told_again():
    store = Tags()
    reader = Registry(lambda: [store])
    reader.confirm()
    reader.tagger(SHAPE)
    generation = reader.generation
    store.start_over()
    reader.confirm()
    assert reader.generation != generation
    reader.tagger(SHAPE)
    assert touched(Registry(lambda: [store]), change(None, {"section": 3, "title": "A"}))


def test_several_stores_all_know_all():
    first, second = Tags(), Tags()
    reader = Registry(lambda: [first])
    reader.confirm()
    reader.tagger(SHAPE)
    both = Registry(lambda: [first, second])
    both.confirm()
    both.tagger(OTHER)
    alone = Registry(lambda: [second])
    alone.refresh()
    assert alone.find(SHAPE)
    assert alone.find(OTHER)


@pytest.mark.parametrize("note", [b"", b"nonsense", encode(SHAPE)[:-1], b"x" + encode(SHAPE)[1:]])
def test_a_note_nobody_can_read_is_noticed(note):
    assert decode(note) is None
    store = Tags()
    store.note(note)
    registry = Registry(lambda: [store])
    registry.refresh()
    assert registry.unreadable


def test_a_note_comes_back_as_it_was():
    hops = (Hop("section_id", "sections", "id"),)
    shape = Shape(
        "news", ("a",), (Column("slug", TEXT, hops),), Column("date", INTEGER), False, BY_CHANGE
    )
    assert decode(encode(shape)) == shape


def test_a_commit_with_many_rows_touches_the_shape():
    store = Tags()
    registry = Registry(lambda: [store])
    registry.confirm()
    tagger = registry.tagger(SHAPE)
    rows = [change(None, {"section": n, "title": "A"}) for n in range(1000)]
    assert touched(registry, *rows) == {tagger.tag}


# -- what a change means to a shape ------------------------------------------------------

SPORT, ARTS = {"section": 1, "title": "A"}, {"section": 2, "title": "A"}
RENAMED, READ = {"section": 1, "title": "B"}, {"section": 1, "title": "A", "views": 3}


@pytest.mark.parametrize(
    ("departures", "old", "new", "values"),
    [
        (ALWAYS, None, SPORT, {"1"}),
        (ALWAYS, SPORT, None, {"1"}),
        (ALWAYS, SPORT, ARTS, {"1", "2"}),
        (ALWAYS, SPORT, RENAMED, {"1"}),
        (BY_CHANGE, SPORT, None, set()),
        (BY_CHANGE, SPORT, ARTS, {"1", "2"}),
        (NEVER, SPORT, None, set()),
        (NEVER, SPORT, ARTS, {"2"}),
        (NEVER, None, SPORT, {"1"}),
    ],
)
def test_what_comes_and_what_leaves(departures, old, new, values):
    shape = Shape("news", SHAPE.columns, SHAPE.equal, departures=departures)
    tagger = Tagger(shape)
    found = set(tagger.touched(change(old, new), nowhere))
    assert found == {f"{tagger.tag}:{value}" for value in values}


def test_other_columns_do_not_matter():
    old = {**SPORT, "views": 2}
    assert not set(Tagger(SHAPE).touched(change(old, READ), nowhere))


def test_rows_that_are_not_known():
    tagger = Tagger(SHAPE)
    assert set(tagger.touched(Change("news"), nowhere)) == {tagger.tag}
    assert set(tagger.touched(Change("news", columns=frozenset({"title"})), nowhere))
    assert not set(tagger.touched(Change("news", columns=frozenset({"views"})), nowhere))


def test_a_value_that_can_not_be_told():
    tagger = Tagger(SHAPE)
    for row in ({"title": "A"}, {"section": "nonsense", "title": "A"}):
        assert set(tagger.touched(change(None, row), nowhere)) == {tagger.tag}


def test_hops():
    hops = (Hop("section", "sections", "id"),)
    tagger = Tagger(Shape("news", ("section",), (Column("slug", TEXT, hops),)))

    def follow(row, hops):
        return {1: {"slug": "sport"}}[row["section"]]

    assert set(tagger.touched(change(None, SPORT), follow)) == {f"{tagger.tag}:sport"}
    assert set(tagger.touched(change(None, ARTS), follow)) == {tagger.tag}  # not to be told
    assert not set(tagger.touched(change(None, SPORT), nowhere))
