"""``invalidate app.Model[:pk]``: which pages it takes for touched."""

from __future__ import annotations

import pytest

from freshpage.ops.commands import row_tags
from tests.oracle.keeping import TAGS, Kept
from tests.oracle.newsroom.models import (
    Article,
    GuestAuthor,
    Reading,
    Review,
    Section,
    Topic,
)
from tests.tracking.conftest import site, tags  # noqa: F401  (fixtures)

pytestmark = pytest.mark.usefixtures("tags")


def drops(pages: dict[str, Kept], model, key=None) -> set[str]:
    assert all(page.fresh for page in pages.values())
    TAGS.invalidate(row_tags(model, key))
    dropped = {name for name, page in pages.items() if not page.fresh}
    for page in pages.values():
        page.fill()
    return dropped


def test_one_row(site):  # noqa: F811
    first, second = site.articles[:2]
    pages = {
        "first": Kept(lambda: Article.objects.get(pk=first.pk).title),
        "second": Kept(lambda: Article.objects.get(pk=second.pk).title),
        "listed": Kept(lambda: str(list(Article.objects.filter(section=site.sport)))),
        "topics": Kept(lambda: str(list(first.topics.all()))),
        "topics of the second": Kept(lambda: str(list(second.topics.all()))),
        "another model": Kept(lambda: str(list(Section.objects.all()))),
        "raw": Kept(lambda: str(list(Article.objects.raw("SELECT * FROM newsroom_article")))),
    }
    # it may have come into any list
    assert drops(pages, Article, first.pk) == {"first", "listed", "topics", "raw"}
    assert drops(pages, Article) == set(pages) - {"another model"}
    assert drops(pages, Topic, site.python.pk) == {"topics of the second"}


def test_a_row_of_several_tables(site):  # noqa: F811
    fields = {"section": site.sport, "author": site.ann, "date": site.articles[0].date}
    one = Review.objects.create(title="Good", slug="good", **fields)
    pages = {
        "review": Kept(lambda: str(Review.objects.get(pk=one.pk).stars)),
        "article": Kept(lambda: Article.objects.get(pk=one.pk).title),
        "other": Kept(lambda: Article.objects.get(pk=site.articles[0].pk).title),
    }
    assert drops(pages, Review, one.pk) == {"review", "article"}


def test_a_row_by_its_proxy(site):  # noqa: F811
    pages = {"author": Kept(lambda: GuestAuthor.objects.get(pk=site.ann.pk).name)}
    assert drops(pages, GuestAuthor, site.ben.pk) == set()
    assert drops(pages, GuestAuthor, site.ann.pk) == {"author"}


def test_a_composite_key(site):  # noqa: F811
    article = site.articles[0]
    for reader in ("ann", "ben"):
        Reading.objects.create(reader=reader, article=article)
    pages = {
        reader: Kept(lambda reader=reader: str(Reading.objects.get(pk=(reader, article.pk))))
        for reader in ("ann", "ben")
    }
    assert "ann" in drops(pages, Reading, ("ann", article.pk))
