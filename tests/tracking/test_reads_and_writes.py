"""A page is dropped by the writes that change it, and not by their like."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Sum

from tests.oracle.keeping import Kept
from tests.oracle.newsroom.models import (
    Article,
    Author,
    Comment,
    GuestAuthor,
    Note,
    Profile,
    Review,
    Section,
    Topic,
)
from tests.tracking.conftest import START

DAY = datetime.timedelta(days=1)


def text(rows) -> str:
    return " ".join(str(row) for row in rows)


def article(site, slug: str, **values) -> Article:
    given = {"title": slug, "section": site.sport, "author": site.ann, "date": START, **values}
    return Article.objects.create(slug=slug, **given)


def update(manager, **values) -> Callable[[], object]:
    return lambda: manager.update(**values)


# For each view: what it shows, what must drop it, what must not.
def one_row(site):
    shown = Article.objects.filter(pk=site.articles[3].pk)
    return (
        lambda: text(Article.objects.filter(pk=site.articles[3].pk)),
        [update(shown, title="New"), lambda: site.articles[3].delete()],
        [
            update(shown, views=7),
            update(Article.objects.exclude(pk=site.articles[3].pk), title="Other"),
            lambda: article(site, "another"),
        ],
    )


def no_row_yet(site):
    return (
        lambda: str(Article.objects.filter(slug="soon").first()),
        [update(site.first, slug="soon"), update(site.first, slug="late")],
        [lambda: article(site, "later"), update(site.first, title="soon")],
    )


def latest(site):
    return (
        lambda: text(Article.objects.filter(section=site.sport).order_by("-date")[:5]),
        [
            lambda: article(site, "new", date=START + 99 * DAY),
            update(Article.objects.filter(pk=site.articles[23].pk), title="New"),
            update(Article.objects.filter(pk=site.articles[23].pk), section=site.arts),
            update(Article.objects.filter(pk=site.articles[1].pk), date=START + 99 * DAY),
            update(Article.objects.filter(pk=site.articles[22].pk), section=site.sport),
        ],
        [
            lambda: article(site, "old", date=START),
            lambda: article(site, "elsewhere", section=site.arts, date=START + 99 * DAY),
            update(Article.objects.filter(pk=site.articles[1].pk), title="New"),
            lambda: site.articles[1].delete(),
            update(Article.objects.filter(pk=site.articles[0].pk), section=site.sport),
        ],
    )


def second_page(site):
    def view():
        return text(Paginator(Article.objects.filter(section=site.sport), 5).page(2))

    return (
        view,
        [
            lambda: article(site, "new", date=START + 99 * DAY),
            lambda: site.articles[23].delete(),
            lambda: site.articles[1].delete(),  # the number of pages may change
        ],
        [
            lambda: article(site, "elsewhere", section=site.arts),
            update(Article.objects.filter(pk=site.articles[23].pk), title="New"),
        ],
    )


def counted(site):
    return (
        lambda: str(Article.objects.filter(section=site.sport, status="public").count()),
        [lambda: article(site, "new"), update(site.first, section=site.sport)],
        [
            lambda: article(site, "draft", status="draft"),
            lambda: article(site, "elsewhere", section=site.arts),
            update(Article.objects.all(), title="New"),
        ],
    )


def summed(site):
    def view():
        return str(Article.objects.filter(section=site.sport).aggregate(Sum("views")))

    return (
        view,
        [update(Article.objects.filter(pk=site.articles[1].pk), views=5)],
        [update(site.first, views=5), update(Article.objects.all(), title="New")],
    )


def exists(site):
    return (
        lambda: str(Article.objects.filter(slug="soon").exists()),
        [lambda: article(site, "soon")],
        [lambda: article(site, "later")],
    )


def in_bulk(site):
    keys = [site.articles[1].pk, site.articles[2].pk, 9999]
    return (
        lambda: text(Article.objects.in_bulk(keys).values()),
        [
            update(Article.objects.filter(pk=keys[0]), title="New"),
            lambda: article(site, "new", pk=9999),
        ],
        [update(site.first, title="New"), lambda: article(site, "other")],
    )


def values(site):
    return (
        lambda: text(Article.objects.filter(section=site.sport).values_list("title", "views")),
        [update(Article.objects.filter(pk=site.articles[1].pk), views=3)],
        [
            update(Article.objects.all(), text="New"),
            update(site.first, title="New"),
        ],
    )


def joined(site):
    return (
        lambda: text(
            f"{one.title} {one.author.name}"
            for one in Article.objects.select_related("author").filter(section=site.sport)[:2]
        ),
        [update(Author.objects.filter(pk=site.ann.pk), name="New")],
        [
            update(Author.objects.all(), bio="New"),
            lambda: Author.objects.create(name="New"),
            update(Section.objects.all(), name="New"),
        ],
    )


def by_foreign_key(site):
    return (
        lambda: text(Article.objects.filter(section__slug="sport").order_by("-date")[:3]),
        [
            lambda: article(site, "new", date=START + 99 * DAY),
            update(Section.objects.filter(slug="sport"), slug="sports"),
        ],
        [
            lambda: article(site, "elsewhere", section=site.arts, date=START + 99 * DAY),
            update(Section.objects.filter(slug="arts"), slug="art"),
            update(Section.objects.all(), name="New"),
        ],
    )


def many_to_many(site):
    first = site.articles[1]
    return (
        lambda: text(site.python.articles.order_by("-date")[:4]),
        [
            lambda: site.articles[20].topics.add(site.python),
            lambda: site.articles[23].topics.remove(site.python),
            lambda: site.articles[22].topics.clear(),
            lambda: site.articles[21].topics.set([site.django]),
            lambda: site.python.articles.set([first]),
        ],
        [
            lambda: first.topics.remove(site.python),
            lambda: site.articles[23].topics.add(site.django),
            lambda: site.articles[0].topics.add(site.python),
            lambda: article(site, "new", date=START + 99 * DAY),
        ],
    )


def by_many_to_many(site):
    return (
        lambda: text(Article.objects.filter(topics__slug="django").order_by("-date")[:2]),
        [lambda: site.articles[23].topics.add(site.django), lambda: site.django.delete()],
        [
            lambda: site.articles[23].topics.clear(),
            update(Topic.objects.filter(slug="python"), slug="snake"),
        ],
    )


def prefetched(site):
    def view():
        comments = Prefetch("comments", Comment.objects.filter(approved=True))
        found = Article.objects.filter(section=site.sport).prefetch_related(comments, "topics")[:2]
        return text([*one.comments.all(), *one.topics.all()] for one in found)

    def comment(on, **values):
        return lambda: Comment.objects.create(article=on, text="New", date=START, **values)

    return (
        view,
        [
            comment(site.articles[23]),
            lambda: site.articles[23].topics.add(site.django),
            update(Comment.objects.filter(article=site.articles[21]), text="New"),
        ],
        [comment(site.articles[5]), comment(site.articles[23], approved=False)],
    )


def annotated(site):
    def view():
        public = Count("articles", filter=Q(articles__status="public"))
        return text(f"{s} {s.n}" for s in Section.objects.annotate(n=public).order_by("pk"))

    return (
        view,
        [lambda: article(site, "new"), update(Section.objects.all(), name="New")],
        [lambda: article(site, "draft", status="draft"), update(site.first, title="New")],
    )


def subquery(site):
    silent = Article.objects.filter(author=OuterRef("pk"), language="de")
    return (
        lambda: text(GuestAuthor.objects.filter(~Exists(silent))),
        [lambda: article(site, "new", language="de"), lambda: site.ben.delete()],
        [lambda: article(site, "new", language="fr"), update(site.first, title="New")],
    )


def outer_column(site):
    namesake = Topic.objects.filter(name=OuterRef("bio"))
    return (
        lambda: text(a.pk for a in Author.objects.annotate(n=Exists(namesake)) if a.n),
        [update(Author.objects.filter(pk=site.ann.pk), bio="python")],
        [update(Author.objects.all(), name="New")],
    )


def union(site):
    def view():
        names = Section.objects.values_list("name").union(Topic.objects.values_list("name"))
        return text(sorted(names))

    return (
        view,
        [update(Topic.objects.filter(slug="django"), name="New")],
        [update(Topic.objects.all(), slug=F("pk")), update(Author.objects.all(), name="New")],
    )


def searched(site):
    return (
        lambda: text(Article.objects.filter(title__icontains="Needle").order_by("pk")),
        [lambda: article(site, "NEEDLES"), update(site.first, title="a needle")],
        [lambda: article(site, "hay"), update(Article.objects.all(), text="needle")],
    )


def begun(site):
    return (
        lambda: text(Article.objects.filter(title__startswith="Need").order_by("pk")),
        [lambda: article(site, "Needle"), update(site.first, title="Needs")],
        [lambda: article(site, "No need"), update(Article.objects.all(), text="Needle")],
    )


def between_texts(site):
    return (
        lambda: text(Article.objects.filter(title__range=("Needl0", "Needlz"))),
        [lambda: article(site, "Needle"), update(site.first, title="Needle1")],
        [lambda: article(site, "Hay"), update(site.first, title="Noodle")],
    )


def ranged(site):
    first, last = START + 3 * DAY, START + 6 * DAY
    return (
        lambda: text(Article.objects.filter(date__range=(first, last)).values_list("title")),
        [lambda: article(site, "in", date=START + 5 * DAY), lambda: site.articles[4].delete()],
        [lambda: article(site, "out", date=START + 30 * DAY), lambda: site.articles[9].delete()],
    )


def negated(site):
    return (
        lambda: text(Article.objects.exclude(status="public")),
        [lambda: article(site, "draft", status="draft"), update(site.first, status="draft")],
        [update(Article.objects.all(), title="New"), update(site.first, views=3)],
    )


def without_related(site):
    return (
        lambda: text(Author.objects.filter(profile=None)),
        [
            lambda: Profile.objects.create(author=site.ben),
            lambda: site.ann.profile.delete(),
        ],
        [update(Profile.objects.all(), motto="New")],
    )


def one_to_one(site):
    return (
        lambda: Author.objects.select_related("profile").get(pk=site.ann.pk).profile.motto,
        [update(Profile.objects.filter(author=site.ann), motto="New")],
        [lambda: Profile.objects.create(author=site.ben), update(Author.objects.all(), bio="New")],
    )


def inherited(site):
    review = Review.objects.create(
        title="R", slug="r", stars=4, section=site.sport, author=site.ann, date=START
    )
    return (
        lambda: text(f"{one.title} {one.stars}" for one in Review.objects.all()),
        [
            update(Review.objects.filter(pk=review.pk), title="New"),
            update(Review.objects.filter(pk=review.pk), stars=1),
            update(Article.objects.filter(pk=review.pk), title="Newer"),
            lambda: Article.objects.get(pk=review.pk).delete(),
        ],
        [lambda: article(site, "plain"), update(site.first, title="New")],
    )


def generic(site):
    kind = ContentType.objects.get_for_model(Section)
    Note.objects.create(text="A", content_type=kind, object_id=site.sport.pk)
    return (
        lambda: text(f"{one} {one.subject}" for one in Note.objects.prefetch_related("subject")),
        [
            update(Section.objects.filter(pk=site.sport.pk), name="New"),
            lambda: Note.objects.create(text="B", content_type=kind, object_id=site.arts.pk),
        ],
        [update(Section.objects.filter(pk=site.arts.pk), name="New")],
    )


def deferred(site):
    return (
        lambda: Article.objects.only("title").get(pk=site.articles[3].pk).text,
        [update(Article.objects.filter(pk=site.articles[3].pk), text="New")],
        [update(Article.objects.filter(pk=site.articles[3].pk), views=3)],
    )


def iterated(site):
    return (
        lambda: text(Article.objects.filter(section=site.sport).iterator(chunk_size=2)),
        [update(Article.objects.filter(pk=site.articles[1].pk), title="New")],
        [update(site.first, title="New")],
    )


def self_joined(site):
    Section.objects.filter(pk=site.arts.pk).update(parent=site.sport)
    return (
        lambda: text(Section.objects.filter(parent__slug="sport")),
        [
            lambda: Section.objects.create(name="N", slug="n", parent=site.sport),
            update(Section.objects.filter(slug="sport"), slug="sports"),
            update(Section.objects.filter(slug="sports"), slug="sport"),
            lambda: site.sport.delete(),
        ],
        [lambda: Section.objects.create(name="N", slug="n")],
    )


CASES = [
    one_row, no_row_yet, latest, second_page, counted, summed, exists, in_bulk, values, joined,
    by_foreign_key, many_to_many, by_many_to_many, prefetched, annotated, subquery, outer_column,
    union, searched, begun, between_texts, ranged, negated, without_related, one_to_one, inherited,
    generic, deferred, iterated, self_joined,
]  # fmt: skip


@pytest.fixture
def case(request, site):
    site.first = Article.objects.filter(pk=site.articles[0].pk)
    view, changes, others = request.param(site)
    Kept(view)  # now its shapes are known
    return Kept(view), changes, others


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_what_changes_a_page_drops_it(case):
    page, changes, _ = case
    for change in changes:
        change()
        assert not page.fresh, changes.index(change)
        page.fill()


@pytest.mark.parametrize("case", CASES, indirect=True)
def test_what_does_not_change_a_page_leaves_it(case):
    page, _, others = case
    for other in others:
        other()
        assert page.fresh, others.index(other)
        assert page.right


def writes(site):
    first = site.articles[1]

    def save():
        first.title = "save"
        first.save()

    def bulk_update():
        first.title = "bulk update"
        Article.objects.bulk_update([first], ["title"])

    def upsert():
        row = Article(slug=first.slug, title="upsert", text="", date=START)
        row.section, row.author = site.sport, site.ann
        Article.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["slug"], update_fields=["title"]
        )

    def loaddata(tmp_path):
        path = tmp_path / "article.json"
        call_command("dumpdata", "newsroom.article", output=str(path), verbosity=0)
        path.write_text(path.read_text().replace("get or create", "loaded"))
        call_command("loaddata", str(path), verbosity=0)

    return [
        save,
        lambda: Article.objects.filter(pk=first.pk).update(title="update"),
        bulk_update,
        upsert,
        lambda: Article.objects.update_or_create(pk=first.pk, defaults={"title": "created"}),
        lambda: Article.objects.filter(pk=first.pk).update(title=F("slug")),
        lambda: Article.objects.filter(section__slug="sport").update(title="by a join"),
        lambda: Article.objects.filter(pk=first.pk).update(title="get or create"),
        loaddata,
        lambda: Article.objects.filter(pk=first.pk).delete(),
        lambda: Article.objects.bulk_create([first]),
        lambda: site.sport.delete(),
    ]


def test_every_way_to_write(site, tmp_path):
    page = Kept(lambda: text(Article.objects.filter(section_id=site.sport.pk)))
    for write in writes(site):
        write(tmp_path) if write.__name__ == "loaddata" else write()
        assert not page.fresh, write.__name__
        page.fill()


def test_inserting_in_bulk(site):
    page = Kept(lambda: text(Topic.objects.filter(name="New")))
    Topic.objects.bulk_create([Topic(slug="a", name="Other"), Topic(slug="b", name="Other")])
    assert page.fresh
    Topic.objects.bulk_create([Topic(slug="c", name="Other"), Topic(slug="d", name="New")])
    assert not page.fresh
    page.fill()
    rows = [Topic(slug="d", name="New"), Topic(slug="e", name="Other")]
    Topic.objects.bulk_create(rows, ignore_conflicts=True)
    assert page.fresh
    Topic.objects.bulk_create([Topic(slug="f", name="New")], ignore_conflicts=True)
    assert not page.fresh


def test_more_rows_than_are_compared(site, monkeypatch):
    monkeypatch.setattr("freshpage.tracking.rows.ROWS", 3)
    Kept(lambda: text(Article.objects.filter(section=site.sport)))
    page = Kept(lambda: text(Article.objects.filter(section=site.sport)))
    other = Kept(lambda: text(Section.objects.all()))
    Article.objects.update(views=9)  # which it does not show
    assert page.fresh
    Article.objects.update(title="New")
    assert not page.fresh
    assert other.fresh
    page.fill()
    Article.objects.all().delete()
    assert not page.fresh


def test_rows_under_another_key(site):
    page = Kept(lambda: text(Topic.objects.filter(pk__in=[900, 901])))
    unused = Topic.objects.create(name="Unused", slug="unused")
    Topic.objects.filter(pk=unused.pk).update(id=900)
    assert not page.fresh


def test_a_table_no_page_reads_is_left_alone(site, tags):
    Kept(lambda: text(Article.objects.all()))
    before = tags.number
    Profile.objects.create(author=site.ben)
    assert tags.number == before
