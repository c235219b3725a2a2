"""Pages that ask in the odder ways the ORM has."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

from asgiref.sync import async_to_sync
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import connection, transaction
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    Value,
    When,
    Window,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, Lag, Length, Lower, Rank, RowNumber, TruncMonth

from tests.oracle.newsroom.models import (
    Article,
    Author,
    Comment,
    Maker,
    Note,
    Part,
    Review,
    Section,
    Thing,
    Topic,
    Verdict,
)
from tests.oracle.newsroom.writes import START

Page = Callable[[], object]

public = Article.objects.filter(status="public")
things = Thing.objects.order_by("name", "pk")


def names(rows) -> str:
    return " ".join(str(row) for row in rows)


def first_thing() -> Thing | None:
    return things.first()


def json_fields():
    return names(things.filter(data__color="red").values_list("name", "data__rank")), names(
        things.filter(data__has_key="rank").order_by("data__rank", "pk")[:3]
    )


def ranked():
    window = Window(Rank(), partition_by="section", order_by=F("views").desc())
    found = Article.objects.annotate(place=window).filter(place__lte=2)
    return sorted(found.values_list("section_id", "title", "place"))


def lagging():
    before = Window(Lag("title"), order_by=[F("date").desc(), F("pk").asc()])
    return list(public.annotate(before=before).values_list("title", "before")[:4])


def row_numbers():
    number = Window(RowNumber(), order_by=[F("name"), F("pk")])
    return list(Author.objects.annotate(number=number).values_list("number", "name"))


def cases():
    kind = Case(
        When(views__gte=700, then=Value("hot")), When(status="draft", then=Value("no")),
        default=Value("ok"),
    )  # fmt: skip
    found = Article.objects.annotate(kind=kind)
    return sorted(found.filter(kind="hot").values_list("title")), list(
        found.values("kind").annotate(n=Count("pk")).order_by("kind")
    )


def sums_of_cases():
    drafts = Sum(Case(When(articles__status="draft", then=1), default=0))
    return list(Section.objects.annotate(n=drafts).order_by("pk").values_list("name", "n"))


def filtered_relation():
    german = FilteredRelation("articles", condition=Q(articles__language="de"))
    found = Author.objects.annotate(german=german).annotate(n=Count("german"))
    return list(found.order_by("pk").values_list("name", "n"))


def filtered_relation_only():
    popular = FilteredRelation("articles", condition=Q(articles__views__gte=900))
    found = Section.objects.annotate(popular=popular).filter(popular__isnull=False)
    return sorted(found.values_list("name", "popular__title"))


def aliases():
    found = Article.objects.alias(n=Count("comments")).filter(n__gte=2).order_by("pk")
    return names(found)


def of_the_sliced():
    best = Article.objects.order_by("-views", "pk").values("pk")[:5]
    return names(Comment.objects.filter(article__in=best).order_by("pk"))


def total_of_sliced():
    return Article.objects.order_by("-views", "pk")[:5].aggregate(Sum("views"), Min("date"))


def distinct_counts():
    return (
        Article.objects.values("author", "section").distinct().count(),
        Comment.objects.aggregate(n=Count("article__section", distinct=True)),
    )


def ends():
    return (
        public.earliest("date"), public.latest("views", "pk"), public.first(), public.last(),
        Review.objects.order_by("stars", "pk").reverse().first(),
    )  # fmt: skip


def contains():
    one = Article.objects.filter(slug="article-3").first()
    return one and (public.contains(one), Section.objects.get(pk=1).articles.contains(one))


def by_slugs():
    return sorted(Topic.objects.in_bulk(["topic-1", "topic-9"], field_name="slug").items())


def in_chunks():
    found = public.order_by("pk").prefetch_related("topics").iterator(chunk_size=7)
    return [(one.title, names(one.topics.all())) for one in found][:9]


def asynchronous():
    async def view():
        one = await Section.objects.aget(slug="section-1")
        return (
            one.name,
            [a.title async for a in one.articles.order_by("-date", "pk")[:3]],
            await one.articles.acount(),
            await Author.objects.aaggregate(Max("name")),
            await Topic.objects.filter(slug="topic-11").aexists(),
            [a.name async for a in Author.objects.order_by("pk").aiterator()],
        )

    return async_to_sync(view)()


def generic_prefetch():
    ways = [Article.objects.only("title"), Author.objects.all(), Section.objects.all()]
    found = Note.objects.order_by("-pk").prefetch_related(GenericPrefetch("subject", ways))[:6]
    return names((one.text, one.subject) for one in found)


def prefetched_apart():
    found = list(Author.objects.order_by("pk")[:4])
    latest = Article.objects.order_by("-date", "pk").only("title", "author_id")[:3]
    prefetch_related_objects(
        found, Prefetch("articles", latest, to_attr="latest"), "articles__section"
    )
    return [(one.name, names(one.latest), {a.section.name for a in one.articles.all()} and
             sorted({a.section.name for a in one.articles.all()})) for one in found]  # fmt: skip


def refreshed():
    one = Article.objects.defer("text").filter(slug="article-5").first()
    if one is None:
        return None
    one.refresh_from_db(fields=["title"])
    other = Article.objects.only("slug").get(pk=one.pk)
    other.refresh_from_db()
    return one.title, other.text


def combined():
    busy = Author.objects.filter(articles__views__gt=800)
    silent = Author.objects.filter(articles__status="draft")
    sqlite = connection.vendor == "sqlite"
    union = Section.objects.values_list("name").union(Author.objects.values_list("name"))
    return (
        names(busy.difference(silent).order_by("name", "pk")),
        names(busy.intersection(silent).order_by("pk")) if sqlite else "",
        names(union.order_by("name")[:5]),
        union.count(),
    )


def locked():
    with transaction.atomic():
        return names(Section.objects.select_for_update().filter(parent=None).order_by("pk"))


def raw_join():
    found = Article.objects.raw(
        "SELECT a.id, a.title, s.name AS where_ FROM newsroom_article a "
        "JOIN newsroom_section s ON s.id = a.section_id WHERE a.views > %s ORDER BY a.id",
        [800],
    )
    return [(one.title, one.where_, one.author.name) for one in found]


def with_queries():
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH busy AS (SELECT author_id, count(*) AS n FROM newsroom_article "
            "GROUP BY author_id) SELECT w.name, busy.n FROM newsroom_author w "
            "JOIN busy ON busy.author_id = w.id ORDER BY w.id"
        )
        return cursor.fetchall()


def odd_table_in_sql():
    with connection.cursor() as cursor:
        cursor.execute('SELECT "select", rank FROM "Odd thing.s" WHERE rank > 3 ORDER BY 1, 2')
        return cursor.fetchall()


def unlike():
    return (
        names(Article.objects.exclude(comments__approved=False).order_by("pk")[:6]),
        names(Author.objects.exclude(articles__topics__slug="topic-1").order_by("pk")),
        names(Author.objects.filter(~Q(articles__language="de")).distinct().order_by("pk")),
    )


def lookups():
    start = START + datetime.timedelta(days=100)
    found = Article.objects.order_by("pk")
    return [
        names(one)
        for one in (
            found.filter(views__range=(100, 200)),
            found.filter(title__regex=r"^a.*[0-4]$"),
            found.filter(title__istartswith="BETA"),
            found.filter(date__year=2026, date__month=2),
            found.filter(date__week_day=2)[:5],
            found.filter(date__date__gt=start.date()),
            found.filter(title__iexact="ALPHA beta"),
            found.filter(pk__in=[]),
            found.filter(views="500"),
            found.filter(views=True),
            found.filter(text__contains="kappa", views__lt=500),
            found.filter(title__in=["x", "y"]) | found.filter(views__gt=950),
            found.filter(views__gt=F("section__articles__views") + 990).distinct(),
            found.filter(author__name__in=Author.objects.order_by("pk").values("name")[:2])[:5],
        )
    ]


def ordered_by_others():
    return (
        names(public.order_by("section__name", "-author__name", "pk")[:5]),
        names(public.order_by(Lower("title").desc(), "pk")[:5]),
        names(things.order_by(F("rank").desc(nulls_last=True), "pk")[:3]),
        names(things.order_by(F("rank").asc(nulls_first=True), "pk")[2:5]),
        names(Topic.objects.order_by(Length("name"), "pk")[:2]),
        names(Comment.objects.order_by("article")[:4]),
    )


def grouped():
    by_month = Article.objects.annotate(month=TruncMonth("date")).values("month")
    return (
        list(by_month.annotate(n=Count("pk"), top=Max("views")).order_by("month")),
        list(
            Article.objects.values("author__name")
            .annotate(n=Count("pk"))
            .filter(n__gt=5)
            .order_by("-n", "author__name")[:3]
        ),
        list(Topic.objects.annotate(n=Max("articles__views")).order_by("pk").values_list("n")),
    )


def coalesced():
    newest = Article.objects.filter(section=OuterRef("pk")).order_by("-views", "pk")
    total = newest.order_by().values("section").annotate(n=Sum("views")).values("n")
    found = Section.objects.annotate(
        top=Coalesce(Subquery(newest.values("title")[:1]), Value("-")), n=Subquery(total)
    )
    return list(found.order_by("pk").values_list("name", "top", "n"))


def deep():
    return (
        names(Section.objects.filter(parent__parent__isnull=True).order_by("pk")),
        names(Comment.objects.filter(article__section__parent__slug="section-0").order_by("pk")),
        names(Author.objects.filter(articles__topics__slug="topic-2").distinct().order_by("pk")),
        sorted(Topic.objects.values_list("name", "articles__author__name").distinct()[:400]),
    )


def exists_within():
    inner = Comment.objects.filter(article=OuterRef("pk"), approved=False)
    outer = Article.objects.filter(Exists(inner), section=OuterRef("pk"))
    return names(Section.objects.filter(Exists(outer)).order_by("pk"))


def verdicts():
    return (
        [(one.title, one.stars, one.final) for one in Verdict.objects.order_by("pk")],
        names(Review.objects.filter(verdict__final=False).order_by("pk")),
        names(Article.objects.filter(review__verdict__isnull=False).order_by("pk")),
        [one.review.verdict.final for one in Article.objects.order_by("pk").filter(
            review__verdict__final=True).select_related("review__verdict")],
    )  # fmt: skip


def kinds():
    kind = ContentType.objects.get_for_model(Section)
    return kind.name, names(Note.objects.filter(content_type=kind).order_by("pk"))


def made_by():
    return [(one.name, one.maker and one.maker.code) for one in things.select_related("maker")]


def makers():
    found = Maker.objects.order_by("code")
    return [(one.code, names(one.things.order_by("name", "pk"))) for one in found], names(
        things.filter(maker__code="m-1")
    )


def priced():
    return (
        names(things.filter(price=Decimal("2.50"))), names(things.filter(price__gte=3)),
        things.aggregate(Sum("price")), names(things.filter(doubled__gt=6)),
    )  # fmt: skip


def nulls():
    return (
        names(things.filter(hidden=True)), names(things.filter(hidden=None)),
        names(things.exclude(hidden=True)), names(things.filter(~Q(hidden=False), rank=3)),
        names(things.filter(rank__isnull=False, maker=None)), names(things.filter(rank=None)),
    )  # fmt: skip


def by_day():
    day = datetime.date(2026, 1, 3)
    return (
        names(things.filter(day=day)), names(things.filter(day__gte=day)),
        list(Thing.objects.dates("day", "day")), names(things.filter(day__in=[day, None])),
        names(Thing.objects.order_by("-day", "pk")[:2]),
    )  # fmt: skip


def parts():
    one = first_thing()
    return one and (
        names(one.parts.order_by("name", "pk")), names(one.wholes.order_by("name", "pk")),
        names(one.friends.order_by("name", "pk")), names(one.uses.all()),
        names(Part.objects.filter(number__gt=2, whole__rank__gt=2)),
        names(things.filter(parts__name=one.name)), one.parts.count(),
    )  # fmt: skip


def one_thing():
    one = first_thing()
    return one and (Thing.objects.get(pk=str(one.pk)).data, Thing.objects.filter(pk=one.pk.hex)[0])


def only_related():
    found = Article.objects.select_related("section", "author__profile").only(
        "title", "section__name", "author__profile__motto"
    )
    return [(one.title, one.section.name, getattr(one.author, "profile", None) and
             one.author.profile.motto) for one in found.order_by("pk")[:6]]  # fmt: skip


def dicts():
    one = Article.objects.select_related("section").filter(slug="article-2").first()
    return one and (sorted(map(str, vars(one).items())), "text" in vars(one))


PAGES: tuple[Page, ...] = (
    json_fields, ranked, lagging, row_numbers, cases, sums_of_cases, filtered_relation,
    filtered_relation_only, aliases, of_the_sliced, total_of_sliced, distinct_counts, ends,
    contains, by_slugs, in_chunks, asynchronous, generic_prefetch, prefetched_apart, refreshed,
    combined, locked, raw_join, with_queries, odd_table_in_sql, unlike, lookups,
    ordered_by_others, grouped, coalesced, deep, exists_within, verdicts, kinds, made_by, makers,
    priced, nulls, by_day, parts, one_thing, only_related,
)  # fmt: skip
