"""The pages of the news site: functions that read it in every way the ORM has."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from functools import partial

from django.db.models import Avg, Count, Exists, F, Max, OuterRef, Prefetch, Q, Subquery, Sum
from django.db.models.functions import Lower
from django.template import Context, Engine

from tests.oracle.newsroom import odd
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

PAGE = 10

_engine = Engine()
_article = _engine.from_string(
    "{{ article.title }} by {{ article.author.name }} in {{ article.section.name }}\n"
    "{{ article.text }}\n"
    "{% for topic in article.topics.all %}#{{ topic.name }} {% endfor %}\n"
    "{% for comment in comments %}- {{ comment.text }}\n{% endfor %}"
    "{% for note in article.notes.all %}! {{ note.text }}\n{% endfor %}"
)


def lines(rows: Iterable[object]) -> str:
    return "\n".join(str(row) for row in rows)


def teasers(articles: Iterable[Article]) -> str:
    return lines(f"{one.title}: {one.text[:80]} ({one.section.name})" for one in articles)


def public():
    return Article.objects.filter(status="public")


def front() -> str:
    latest = public().select_related("section", "author")[:PAGE]
    return lines(
        f"{one.title}: {one.text[:80]} ({one.section.name}, {one.author})" for one in latest
    )


def section(slug: str, page: int = 1) -> str:
    found = Section.objects.filter(slug=slug).first()
    if found is None:
        return "404"
    articles = public().filter(section=found).select_related("section")
    start = (page - 1) * PAGE
    count = articles.count()
    pages = -(-count // PAGE)
    shown = teasers(articles.order_by("-date")[start : start + PAGE])
    return f"{found.name}, {count} articles, page {page} of {pages}\n{shown}"


def section_by_join(slug: str) -> str:
    return teasers(public().filter(section__slug=slug).select_related("section")[:5])


def article(slug: str) -> str:
    found = public().filter(slug=slug).first()
    if found is None:
        return "404"
    comments = found.comments.filter(approved=True).order_by("pk")
    return _article.render(Context({"article": found, "comments": comments}))


def author(pk: int) -> str:
    found = Author.objects.filter(pk=pk).select_related("profile").first()
    if found is None:
        return "404"
    motto = found.profile.motto if hasattr(found, "profile") else "-"
    latest = found.articles.filter(status="public").order_by("-date", "pk")[:5]
    return f"{found.name} {found.bio} {motto}\n" + lines(
        f"{a.title}: {a.text[:80]}" for a in latest
    )


def topic(slug: str) -> str:
    found = Topic.objects.filter(slug=slug).first()
    if found is None:
        return "404"
    latest = found.articles.filter(status="public")[:5]
    return f"{found.name}\n" + lines(f"{a.title}: {a.text[:80]}" for a in latest)


def topic_by_join(slug: str) -> str:
    return lines(
        Article.objects.filter(topics__slug=slug).distinct().values_list("title", "date")[:8]
    )


def most_read() -> str:
    return lines(f"{a.title} {a.views}" for a in public().order_by("-views", "pk")[:5])


def month(number: int) -> str:
    start = datetime.datetime(2026, number, 1, tzinfo=datetime.UTC)
    end = datetime.datetime(2026, number + 1, 1, tzinfo=datetime.UTC)
    return lines(public().filter(date__gte=start, date__lt=end).values_list("title", flat=True))


def search(words: str) -> str:
    return lines(
        a.title for a in Article.objects.filter(title__icontains=words).order_by("pk")[:20]
    )


def sections() -> str:
    counted = (
        Section.objects.annotate(number=Count("articles", filter=Q(articles__status="public")))
        .select_related("parent")
        .order_by("name", "pk")
    )
    return lines(f"{one.name} {one.number} {one.parent}" for one in counted)


def busy_sections() -> str:
    busy = Section.objects.annotate(number=Count("articles")).filter(number__gte=20)
    return lines(busy.order_by("-number", "pk").values_list("name", "number"))


def latest_comments() -> str:
    latest = Comment.objects.filter(approved=True).select_related("article").order_by("-date", "pk")
    return lines(f"{one.text} on {one.article.title}" for one in latest[:8])


def reviews() -> str:
    return lines(f"{one.title} {one.stars}" for one in Review.objects.order_by("-stars", "pk")[:6])


def best_reviews() -> str:
    return lines(Review.objects.filter(stars__gte=4, status="public").values_list("title", "stars"))


def language(code: str) -> str:
    return lines(
        a.title for a in Article.objects.filter(language=code).order_by("-date", "pk")[:PAGE]
    )


def statistics() -> str:
    figures = Article.objects.aggregate(
        number=Count("pk"), total=Sum("views"), last=Max("date"), mean=Avg("views")
    )
    distinct = Article.objects.values("language").distinct().count()
    return f"{figures} {distinct} {Comment.objects.filter(approved=False).exists()}"


def by_language() -> str:
    return lines(
        Article.objects.values("language").annotate(number=Count("pk")).order_by("language")
    )


def discussed() -> str:
    ordered = Article.objects.annotate(number=Count("comments")).order_by("-number", "pk")
    return lines(f"{one.title} {one.number}" for one in ordered[:5])


def with_comment_counts() -> str:
    latest = public().annotate(number=Count("comments"))[:PAGE]
    return lines(f"{one.title} {one.number}" for one in latest)


def prefetched() -> str:
    approved = Prefetch("comments", Comment.objects.filter(approved=True).order_by("pk"))
    latest = public().prefetch_related("topics", approved)[:PAGE]
    return lines(
        f"{one.title} {[str(t) for t in one.topics.all()]} {[str(c) for c in one.comments.all()]}"
        for one in latest
    )


def in_bulk(keys: tuple[int, ...]) -> str:
    found = Article.objects.in_bulk(keys)
    return lines(f"{key} {found[key].title if key in found else None}" for key in keys)


def union() -> str:
    names = Section.objects.values_list("name").union(Topic.objects.values_list("name"))
    return lines(sorted(names))


def authors() -> str:
    newest = Article.objects.filter(author=OuterRef("pk"), status="public").order_by("-date", "pk")
    found = Author.objects.annotate(newest=Subquery(newest.values("title")[:1]))
    return lines(f"{one.name} {one.newest}" for one in found.order_by(Lower("name"), "pk"))


def silent_authors() -> str:
    writes = Article.objects.filter(author=OuterRef("pk"))
    return lines(GuestAuthor.objects.filter(~Exists(writes)).order_by("pk"))


def drafts() -> str:
    return lines(
        Article.objects.exclude(status="public").order_by("pk").values_list("title", "status")
    )


def either() -> str:
    chosen = Article.objects.filter(Q(views__gt=900) | Q(section__name="Sport", language="de"))
    return lines(chosen.order_by("pk").only("title"))


def without_profile() -> str:
    return lines(Author.objects.filter(profile__isnull=True).order_by("pk"))


def no_comments() -> str:
    return lines(
        Article.objects.filter(comments=None).order_by("pk").values_list("title", flat=True)[:9]
    )


def popular_here() -> str:
    own = Article.objects.filter(views__gt=F("section__pk") * 100).order_by("pk")
    return lines(own.values_list("title", "section__name")[:20])


def children(slug: str) -> str:
    return lines(Section.objects.filter(parent__slug=slug).order_by("name", "pk"))


def notes() -> str:
    found = Note.objects.order_by("-pk").prefetch_related("subject")[:5]
    return lines(f"{one.text} {one.subject}" for one in found)


def noted() -> str:
    return lines(Article.objects.filter(notes__text__startswith="a").distinct().order_by("pk"))


def mottos() -> str:
    rows = Profile.objects.select_related("author").order_by("author__name", "pk").iterator()
    return lines(f"{one.author.name}: {one.motto}" for one in rows)


def deferred() -> str:
    return lines(
        one.title for one in Article.objects.defer("text", "views").order_by("-date", "pk")[:5]
    )


def missing(slug: str) -> str:
    return "there" if Article.objects.filter(slug=slug).exists() else "404"


def dates() -> str:
    return lines(Article.objects.datetimes("date", "month"))


def newest_per_section() -> str:
    newest = Article.objects.filter(section=OuterRef("section")).order_by("-date", "pk")
    return lines(Article.objects.filter(pk=Subquery(newest.values("pk")[:1])).order_by("pk"))


def namesakes() -> str:
    """The outer row is read by the query within."""
    same = Topic.objects.filter(name=OuterRef("name")).exclude(slug="topic-1")
    return lines(
        Section.objects.annotate(same=Exists(same)).values_list("pk", "same").order_by("pk")
    )


def sections_like_topics() -> str:
    same = Topic.objects.filter(name=OuterRef("name"))
    found = Section.objects.annotate(same=Exists(same)).order_by("pk")
    return lines(f"{one.slug} {one.same}" for one in found)


NEWS = (front, most_read, sections, latest_comments, reviews, statistics)
ODD = (
    busy_sections, best_reviews, by_language, discussed, with_comment_counts, prefetched, union,
    authors, silent_authors, drafts, either, without_profile, no_comments, popular_here, notes,
    noted, mottos, deferred, dates, newest_per_section, namesakes, sections_like_topics,
)  # fmt: skip

Pages = dict[str, Callable[[], str]]


def news_pages() -> Pages:
    """The pages such a site would have, of fourteen kinds."""
    pages: Pages = {one.__name__: one for one in NEWS}
    for slug in ("section-0", "section-1", "section-2"):
        for number in (1, 2, 3):
            _add(pages, section, slug, number)
        _add(pages, section_by_join, slug)
    for number in range(24):
        _add(pages, article, f"article-{number * 7}")
    for number in range(1, 9):
        _add(pages, author, number)
    for slug in ("topic-0", "topic-1"):
        _add(pages, topic, slug)
    for number in (1, 3, 5):
        _add(pages, month, number)
    for words in ("alpha", "e 1"):
        _add(pages, search, words)
    for code in ("en", "de"):
        _add(pages, language, code)
    return pages


def all_pages() -> Pages:
    """Those, and one for everything else a query can be."""
    pages = news_pages() | {one.__name__: one for one in ODD}
    pages |= {f"odd/{one.__name__}": partial(_text, one) for one in odd.PAGES}
    for slug in ("section-0", "section-1"):
        _add(pages, children, slug)
    for slug in ("topic-0", "topic-1"):
        _add(pages, topic_by_join, slug)
    _add(pages, in_bulk, (1, 5, 9, 100_000))
    _add(pages, missing, "article-new-3")
    return pages


def _text(view: Callable[[], object]) -> str:
    return str(view())


def _add(pages: Pages, view: Callable[..., str], *values: object) -> None:
    pages[f"{view.__name__}/{'/'.join(str(value) for value in values)}"] = partial(view, *values)
