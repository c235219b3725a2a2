"""Instances get their columns when they are asked for, and nobody can tell."""

from __future__ import annotations

import copy
import pickle

import pytest
from django.db.models.signals import post_init
from django.forms.models import model_to_dict

from freshpage.tracking.record import Record, recording
from freshpage.tracking.shown import Later
from tests.oracle.keeping import Kept
from tests.oracle.newsroom.models import Article, Review, Section


@pytest.fixture
def rendering(site):
    with recording(Record()):
        yield


def plain(pk):
    with recording(None):
        return Article.objects.get(pk=pk)


@pytest.fixture
def article(site, rendering):
    found = Article.objects.get(pk=site.articles[3].pk)
    assert type(found.__dict__) is Later
    return found


def shown(view):
    """What a page depends on, once its shapes are known."""
    Kept(view)
    return Kept(view)


def test_what_nobody_asks_for_does_not_drop_the_page(site):
    page = shown(lambda: " ".join(a.title for a in Article.objects.filter(section=site.sport)))
    Article.objects.update(text="New", views=5, language="de", author=site.ann)
    assert page.fresh
    Article.objects.filter(pk=site.articles[1].pk).update(title="New")
    assert not page.fresh


def test_conditions_count_whether_they_are_shown_or_not(site):
    page = shown(lambda: " ".join(a.title for a in Article.objects.filter(language="en")))
    Article.objects.filter(pk=site.articles[1].pk).update(language="de")
    assert not page.fresh


def test_the_order_counts(site):
    page = shown(lambda: " ".join(a.title for a in Article.objects.order_by("views", "pk")))
    Article.objects.filter(pk=site.articles[1].pk).update(views=5)
    assert not page.fresh


def test_a_column_that_is_asked_for_later_counts(site):
    def view():
        rows = list(Article.objects.filter(section=site.sport))
        return rows[0].title + rows[0].text

    page = shown(view)
    Article.objects.filter(pk=site.articles[23].pk).update(text="New")
    assert not page.fresh


def test_a_related_row_that_is_selected_along(site):
    page = shown(lambda: Article.objects.select_related("section").first().section.name)
    Section.objects.filter(pk=site.arts.pk).update(parent=site.sport)
    assert page.fresh
    Article.objects.update(section=site.arts)
    assert not page.fresh


def test_inherited_rows(site):
    Review.objects.create(
        title="R", slug="r", section=site.sport, author=site.ann, date=site.articles[0].date
    )
    page = shown(lambda: f"{Review.objects.get().title} {Review.objects.get().stars}")
    Article.objects.update(text="New")
    assert page.fresh
    Article.objects.update(title="New")
    assert not page.fresh


LOOKS = [
    lambda row: {name: value for name, value in row.__dict__.items() if name != "_state"},
    lambda row: {**vars(row)} and {k: v for k, v in {**vars(row)}.items() if k != "_state"},
    lambda row: {name: vars(row)[name] for name in vars(row) if name != "_state"},
    lambda row: {name: vars(row).get(name) for name in ("id", "title", "text", "views")},
    lambda row: ("title" in vars(row), "nothing" in vars(row), len(vars(row))),
    model_to_dict,
    lambda row: model_to_dict(pickle.loads(pickle.dumps(row))),
    lambda row: model_to_dict(copy.copy(row)),
    lambda row: model_to_dict(copy.deepcopy(row)),
    lambda row: {k: v for k, v in copy.copy(vars(row)).items() if k != "_state"},
    lambda row: row.get_deferred_fields(),
    lambda row: {k: v for k, v in row.__getstate__().items() if k in ("id", "text", "slug")},
    lambda row: (row == plain(row.pk), hash(row), str(row), repr(row)),
    lambda row: [getattr(row, field.attname) for field in row._meta.concrete_fields],
    lambda row: (vars(row).pop("title"), "title" in vars(row), vars(row).get("title", 5)),
    lambda row: vars(row).setdefault("title", 5),
    lambda row: vars(row).setdefault("other", 5),
]


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_like_any_other(article, look):
    assert look(article) == look(plain(article.pk))


def test_what_looks_at_everything_counts_as_showing_it(site):
    page = shown(lambda: str(Article.objects.get(pk=site.articles[3].pk).__dict__["text"]))
    everything = shown(lambda: str(sorted(vars(Article.objects.get(pk=site.articles[3].pk)))))
    Article.objects.filter(pk=site.articles[3].pk).update(views=9)
    assert page.fresh
    assert not everything.fresh


def test_what_is_set_stays_set(article):
    article.title = "Mine"
    assert article.text == ""
    assert article.title == "Mine"
    assert vars(article)["title"] == "Mine"


def test_saving_one_writes_all_of_it(article):
    article.title = "Mine"
    article.save()
    assert plain(article.pk).title == "Mine"
    assert plain(article.pk).slug == "title-3"


def test_reloading_one(article):
    Article.objects.filter(pk=article.pk).update(title="Newer")
    article.refresh_from_db()
    assert article.title == "Newer"
    del article.title
    assert article.title == "Newer"


def test_fields_that_the_query_defers(site, rendering):
    article = Article.objects.defer("text").only("title").get(pk=site.articles[3].pk)
    assert article.get_deferred_fields() == plain(article.pk).get_deferred_fields() | {
        field.attname
        for field in Article._meta.concrete_fields
        if field.attname not in ("id", "title")
    }
    assert article.slug == "title-3"


def test_a_model_that_makes_its_instances_itself(site, monkeypatch):
    monkeypatch.setattr(
        Section, "from_db", classmethod(lambda cls, db, names, values: cls(*values))
    )
    page = shown(lambda: Section.objects.get(slug="sport").name)
    Section.objects.filter(slug="sport").update(parent=site.arts)
    assert not page.fresh


def test_who_listens_to_signals_sees_a_whole_instance(site, rendering):
    seen = []

    def listen(instance, **signal):
        seen.append(instance.title)

    post_init.connect(listen, sender=Article)
    try:
        rows = list(Article.objects.filter(section=site.sport)[:3])
    finally:
        post_init.disconnect(listen, sender=Article)
    assert seen == [row.title for row in rows]


def test_outside_of_a_render_nothing_is_different(site):
    assert type(Article.objects.first().__dict__) is dict
