"""A stream of writes to the news site, of every kind Django has."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from random import Random

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import F

from tests.oracle.newsroom.models import (
    Article,
    Author,
    Comment,
    Note,
    Profile,
    Review,
    Section,
    Topic,
)
from tests.oracle.newsroom.odd_writes import OddWrites

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


class Undone(Exception):
    """Rolls a transaction back."""


class Newsroom:
    """Fills the site, and writes to it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.number = 0
        self.now = START + datetime.timedelta(days=180)
        self.odd = OddWrites(self.random, self.pick)

    # -- what to write -------------------------------------------------------------------

    def words(self, count: int = 3) -> str:
        return " ".join(self.random.choices(WORDS, k=count)) + f" {self.random.randrange(100)}"

    def pick(self, rows):
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.model.objects.get(pk=self.random.choice(keys)) if keys else None

    def old_article(self) -> Article:
        """One that has left the lists of the latest."""
        count = Article.objects.count()
        place = self.random.randrange(max(1, count // 3), count)
        return Article.objects.order_by("-date", "pk")[place]

    def fields(self) -> dict:
        self.number += 1
        self.now += datetime.timedelta(hours=self.random.randrange(1, 30))
        return {
            "title": self.words(),
            "slug": f"article-new-{self.number}",
            "text": self.words(12),
            "language": self.random.choice(["en", "en", "de"]),
            "status": self.random.choice(["public"] * 4 + ["draft"]),
            "date": self.now,
            "views": self.random.randrange(1000),
            "section": self.pick(Section.objects),
            "author": self.pick(Author.objects),
        }

    def fill(self, articles: int = 200) -> None:
        sections = [
            Section.objects.create(name=name, slug=f"section-{number}")
            for number, name in enumerate(["Sport", "Arts", "Science", "World", "Local", "Money"])
        ]
        Section.objects.filter(slug__in=["section-4", "section-5"]).update(parent=sections[0])
        authors = [Author.objects.create(name=f"Author {number}") for number in range(15)]
        Profile.objects.bulk_create(Profile(author=one, motto=self.words(2)) for one in authors[:9])
        topics = [Topic.objects.create(name=f"Topic {n}", slug=f"topic-{n}") for n in range(8)]
        kind = ContentType.objects.get_for_model(Article)
        for number in range(articles):
            values = {
                **self.fields(),
                "slug": f"article-{number}",
                "date": START + datetime.timedelta(hours=21 * number),
            }
            if number % 20 == 0:
                one = Review.objects.create(stars=self.random.randrange(1, 6), **values)
            else:
                one = Article.objects.create(**values)
            one.topics.set(self.random.sample(topics, self.random.randrange(3)))
            for _ in range(self.random.randrange(3)):
                Comment.objects.create(article_id=one.pk, text=self.words(), date=values["date"])
            if number % 30 == 0:
                Note.objects.create(text=self.words(1), content_type=kind, object_id=one.pk)
        self.odd.fill()

    # -- the news-like mix ---------------------------------------------------------------

    def edit_text(self) -> None:
        one = self.old_article()
        one.text = self.words(12)
        one.save(update_fields=["text"]) if self.random.random() < 0.3 else one.save()

    def new_article(self) -> None:
        one = Article.objects.create(**self.fields())
        one.topics.add(*self.random.sample(list(Topic.objects.all()), self.random.randrange(3)))

    def move(self) -> None:
        one = self.old_article()
        one.section = self.pick(Section.objects)
        one.save()

    def rename(self) -> None:
        kind = self.random.choice([Author, Section])
        one = self.pick(kind.objects)
        if self.random.random() < 0.5:
            one.name = self.words(1)
            one.save()
        else:
            kind.objects.filter(pk=one.pk).update(name=self.words(1))

    def delete(self) -> None:
        if Article.objects.count() > 60:
            one = self.old_article()
            one.delete() if self.random.random() < 0.7 else Article.objects.filter(
                pk=one.pk
            ).delete()

    def bulk_update(self) -> None:
        start = self.random.randrange(150)
        some = Article.objects.filter(pk__gte=start, pk__lt=start + 4)
        chance = self.random.random()
        if chance < 0.4:
            some.update(views=F("views") + self.random.randrange(3))
        elif chance < 0.7:
            some.update(text=self.words(12))
        elif chance < 0.85:
            rows = list(some)
            for row in rows:
                row.title = self.words()
            Article.objects.bulk_update(rows, ["title"])
        else:
            some.update(status=self.random.choice(["public", "draft"]))

    def raw(self) -> None:
        one = self.old_article()
        with connection.cursor() as cursor:
            chance = self.random.random()
            if chance < 0.6:
                cursor.execute(
                    "UPDATE newsroom_article SET text = %s WHERE id = %s", [self.words(9), one.pk]
                )
            elif chance < 0.8:
                cursor.execute(
                    "INSERT INTO newsroom_comment (article_id, text, approved, date) "
                    "VALUES (%s, %s, %s, %s)",
                    [one.pk, self.words(), True, self.now.replace(tzinfo=None)],
                )
            else:
                cursor.execute("DELETE FROM newsroom_comment WHERE article_id = %s", [one.pk])

    def rollback(self) -> None:
        try:
            with transaction.atomic():
                self.random.choice([self.edit_text, self.new_article, self.rename, self.move])()
                raise Undone
        except Undone:
            pass

    # -- the rest of Django --------------------------------------------------------------

    def comment(self) -> None:
        one = self.pick(Article.objects)
        approved = self.random.random() < 0.7
        Comment.objects.create(article=one, text=self.words(), date=self.now, approved=approved)

    def approve(self) -> None:
        one = self.pick(Comment.objects.filter(approved=False))
        if one:
            one.approved = True
            one.save(update_fields=["approved"])

    def many_to_many(self) -> None:
        one, chance = self.pick(Article.objects), self.random.random()
        topics = self.random.sample(list(Topic.objects.order_by("pk")), 2)
        if chance < 0.3:
            one.topics.add(*topics)
        elif chance < 0.6:
            one.topics.remove(*topics)
        elif chance < 0.8:
            one.topics.set(topics)
        elif chance < 0.9:
            one.topics.clear()
        else:
            topics[0].articles.add(one)

    def get_or_create(self) -> None:
        slug = f"topic-{self.random.randrange(10)}"
        if self.random.random() < 0.5:
            Topic.objects.get_or_create(slug=slug, defaults={"name": self.words(1)})
        else:
            Topic.objects.update_or_create(slug=slug, defaults={"name": self.words(1)})

    def upsert(self) -> None:
        rows = [
            Topic(slug=f"topic-{n}", name=self.words(1)) for n in self.random.sample(range(12), 3)
        ]
        if self.random.random() < 0.5:
            Topic.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["slug"], update_fields=["name"]
            )
        else:
            Topic.objects.bulk_create(rows, ignore_conflicts=True)

    def bulk_create(self) -> None:
        one = self.pick(Article.objects)
        Comment.objects.bulk_create(
            Comment(article=one, text=self.words(), date=self.now) for _ in range(3)
        )

    def review(self) -> None:
        chance = self.random.random()
        one = self.pick(Review.objects)
        if chance < 0.4 or one is None:
            Review.objects.create(stars=self.random.randrange(1, 6), **self.fields())
        elif chance < 0.6:
            one.stars, one.title = self.random.randrange(1, 6), self.words()
            one.save()
        elif chance < 0.8:
            Review.objects.filter(pk=one.pk).update(title=self.words(), stars=5)
        elif chance < 0.9:
            Review.objects.filter(stars=one.stars).update(status="public")
        else:
            one.delete()

    def profile(self) -> None:
        one = self.pick(Author.objects)
        if not Profile.objects.filter(author=one).exists():
            Profile.objects.create(author=one, motto=self.words(2))
        elif self.random.random() < 0.5:
            one.profile.delete()
        else:
            Profile.objects.filter(author=one).update(motto=self.words(2))

    def note(self) -> None:
        chance = self.random.random()
        if chance < 0.5:
            subject = self.pick(self.random.choice([Article, Author, Section]).objects)
            Note.objects.create(text=self.words(1), subject=subject)
        elif chance < 0.8:
            Note.objects.filter(pk=getattr(self.pick(Note.objects), "pk", None)).update(
                text="a note"
            )
        else:
            Note.objects.filter(pk=getattr(self.pick(Note.objects), "pk", None)).delete()

    def view(self) -> None:
        Article.objects.filter(pk=self.pick(Article.objects).pk).update(views=F("views") + 1)

    def publish(self) -> None:
        one = self.pick(Article.objects)
        one.status = self.random.choice(["public", "draft"])
        one.save()

    def authors(self) -> None:
        if self.random.random() < 0.6 or Author.objects.count() < 12:
            Author.objects.create(name=self.words(1))
        else:
            self.pick(Author.objects).delete()

    def sections(self) -> None:
        if self.random.random() < 0.6:
            self.number += 1
            Section.objects.create(
                name=self.words(1),
                slug=f"section-new-{self.number}",
                parent=self.pick(Section.objects),
            )
        else:
            one = self.pick(Section.objects.filter(slug__startswith="section-new"))
            if one:
                one.delete()

    def namesake(self) -> None:
        """A section and a topic of one name, or of one no longer."""
        topic, section = self.pick(Topic.objects), self.pick(Section.objects)
        if topic.name == section.name:
            Topic.objects.filter(pk=topic.pk).update(name=self.words(1))
        elif self.random.random() < 0.5:
            Section.objects.filter(pk=section.pk).update(name=topic.name)
        else:
            topic.name = section.name
            topic.save()

    def half_undone(self) -> None:
        with transaction.atomic():
            self.rename()
            try:
                with transaction.atomic():
                    self.new_article()
                    raise Undone
            except Undone:
                pass
            with transaction.atomic():
                self.comment()

    def several(self) -> None:
        with transaction.atomic():
            self.new_article()
            self.comment()
            self.move()

    def news(self) -> str:
        """One write of the news-like mix; its kind."""
        return self._one(
            {
                self.edit_text: 40,
                self.new_article: 12,
                self.move: 8,
                self.rename: 13,
                self.delete: 7,
                self.bulk_update: 8,
                self.raw: 6,
                self.rollback: 6,
            }
        )

    def anything(self) -> str:
        """One write of any kind; its kind."""
        news = [
            self.edit_text, self.new_article, self.move, self.rename, self.delete,
            self.bulk_update, self.raw, self.rollback,
        ]  # fmt: skip
        return self._one(dict.fromkeys([*news, *self.others], 1))

    @property
    def others(self) -> list[Callable[[], None]]:
        return [
            self.comment, self.approve, self.many_to_many, self.get_or_create, self.upsert,
            self.bulk_create, self.review, self.profile, self.note, self.view, self.publish,
            self.authors, self.sections, self.half_undone, self.several, self.namesake,
            *self.odd.all,
        ]  # fmt: skip

    def write(self, kind: str) -> None:
        """One write of a kind."""
        getattr(self if hasattr(self, kind) else self.odd, kind)()

    def _one(self, mix: dict[Callable[[], None], int]) -> str:
        (write,) = self.random.choices(list(mix), weights=list(mix.values()))
        write()
        return write.__name__
