"""Writes in the odder ways Django has."""

from __future__ import annotations

import datetime
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from random import Random

from django.core import serializers
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Case, Count, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Concat

from tests.oracle.newsroom.models import (
    Article,
    Author,
    Comment,
    Maker,
    Part,
    Review,
    Section,
    Thing,
    Topic,
    Verdict,
)

DAY = datetime.date(2026, 1, 1)


class OddWrites:
    """Each method is one write.

    :param pick: a row of a queryset, or None.
    """

    def __init__(self, random: Random, pick) -> None:
        self.random = random
        self.pick = pick
        self.number = 0

    def fill(self) -> None:
        makers = [Maker.objects.create(code=f"m-{n}", name=f"Maker {n}") for n in range(3)]
        made = [Thing.objects.create(**self.values(maker=makers[n % 3])) for n in range(8)]
        for one in made[:5]:
            Part.objects.create(whole=one, part=made[5], number=self.random.randrange(5))
        made[0].friends.add(made[1], made[2])

    def values(self, **given) -> dict:
        random = self.random
        self.number += 1
        return {
            "name": f"thing {random.randrange(30)}",
            "data": random.choice([{}, {"color": "red", "rank": random.randrange(9)}]),
            "price": random.choice([Decimal("2.50"), Decimal(1), Decimal("9.99")]),
            "rank": random.choice([None, 1, 2, 3, 4, 5]),
            "hidden": random.choice([None, True, False]),
            "day": random.choice([None, DAY, DAY + datetime.timedelta(days=random.randrange(5))]),
            **given,
        }

    def thing_saved(self) -> None:
        one = self.pick(Thing.objects)
        for name, value in self.values().items():
            if self.random.random() < 0.5:
                setattr(one, name, value)
        one.save()

    def thing_created(self) -> None:
        Thing.objects.create(**self.values(maker=self.pick(Maker.objects)))
        if Thing.objects.count() > 15:
            self.pick(Thing.objects).delete()

    def things_updated(self) -> None:
        some, chance = Thing.objects.filter(rank__gte=self.random.randrange(5)), self.random
        update = chance.choice(
            [
                {"rank": F("rank") + 1},
                {"name": Concat("name", Value("!"))},
                {"price": F("price") * 2},
                {"rank": Case(When(hidden=True, then=None), default=3)},
                {"data": {"color": "red", "rank": 0}},
                {"day": DAY + datetime.timedelta(days=2)},
                {"hidden": None},
                {"maker": None},
            ]
        )
        some.update(**update)
        Thing.objects.filter(rank__gt=9).update(rank=1)
        Thing.objects.filter(price__gt=1000).update(price=1)
        Thing.objects.filter(name__endswith="!!!").update(name="thing 1")

    def things_in_bulk(self) -> None:
        some = list(Thing.objects.filter(hidden=True)[:3])
        for one in some:
            one.rank, one.hidden = self.random.randrange(6), False
        Thing.objects.bulk_update(some, ["rank", "hidden"])

    def things_upserted(self) -> None:
        rows = [self.pick(Thing.objects) for _ in range(2)]
        rows = list({one.pk: one for one in rows}.values())
        for one in rows:
            one.name, one.rank = self.values()["name"], self.random.randrange(6)
        Thing.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=["name", "rank"]
        )

    def parts_changed(self) -> None:
        one, other = self.pick(Thing.objects), self.pick(Thing.objects)
        chance = self.random.random()
        if chance < 0.3:
            one.parts.add(other, through_defaults={"number": self.random.randrange(5)})
        elif chance < 0.5:
            one.parts.clear()
        elif chance < 0.8:
            Part.objects.filter(part__rank__gte=2).update(number=F("number") + 1)
        else:
            one.wholes.set([other])

    def friends_changed(self) -> None:
        one, other = self.pick(Thing.objects), self.pick(Thing.objects)
        self.random.choice([one.friends.add, one.friends.remove])(other)

    def maker_renamed(self) -> None:
        one = self.pick(Maker.objects)
        self.number += 1
        Thing.objects.filter(maker=one).update(maker=None)
        one.name = f"Maker {self.number}"
        one.save()
        Thing.objects.filter(rank=self.random.randrange(6)).update(maker=one)

    def maker_deleted(self) -> None:
        self.number += 1
        if Maker.objects.count() > 2:
            self.pick(Maker.objects).delete()  # its things stay
        else:
            Maker.objects.create(
                code=f"m-{self.number % 5 + 3}-{self.number}", name=f"M{self.number}"
            )

    def key_changed(self) -> None:
        self.number += 1
        one = self.pick(Maker.objects)
        Maker.objects.filter(pk=one.pk).update(code=f"k-{self.number}")

    def by_a_join(self) -> None:
        slug = f"section-{self.random.randrange(4)}"
        some = Article.objects.filter(section__slug=slug, comments__approved=True)
        some.update(views=self.random.randrange(1000))

    def by_a_subquery(self) -> None:
        newest = Article.objects.filter(author=OuterRef("pk")).order_by("-date", "pk")
        Author.objects.filter(pk__lte=3).update(bio=Subquery(newest.values("title")[:1]))

    def by_a_count(self) -> None:
        busy = Author.objects.annotate(n=Count("articles")).filter(n__gt=self.random.randrange(30))
        busy.update(name=f"Author {self.random.randrange(99)}")

    def deleted_by_a_join(self) -> None:
        Comment.objects.filter(
            article__section__slug="section-1", text__contains=str(self.random.randrange(9))
        ).delete()

    def deleted_sliced(self) -> None:
        doomed = Comment.objects.order_by("pk").values("pk")[:2]
        Comment.objects.filter(pk__in=list(doomed.values_list("pk", flat=True))).delete()

    def child_of_a_row(self) -> None:
        """A row of the parent's becomes one of the child's, without a look at the parent."""
        one = self.pick(Article.objects.filter(review=None))
        child = Review(article_ptr_id=one.pk, stars=self.random.randrange(1, 6))
        child.save_base(raw=True)

    def verdict_changed(self) -> None:
        one = self.pick(Review.objects.filter(verdict=None))
        chance = self.random.random()
        if chance < 0.4 and one is not None:
            made = Verdict(review_ptr_id=one.pk)
            vars(made).update({k: v for k, v in vars(one).items() if k != "_state"})
            made.save()
            return
        one = self.pick(Verdict.objects)
        if one is None:
            return
        if chance < 0.6:
            Verdict.objects.filter(pk=one.pk).update(title=f"verdict {self.number}", final=False)
        elif chance < 0.8:
            Verdict.objects.filter(title__contains="a").update(stars=F("stars") + 1, final=True)
        else:
            one.delete(keep_parents=True)

    def fixture(self) -> None:
        rows = [self.pick(Author.objects), self.pick(Thing.objects), self.pick(Topic.objects)]
        for one in rows:
            one.name = f"loaded {self.random.randrange(50)}"
        text = serializers.serialize("json", rows)
        for one in (loaded := json.loads(text)):
            one["fields"].pop("doubled", None)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "rows.json"
            path.write_text(json.dumps(loaded))
            call_command("loaddata", str(path), verbosity=0)

    def saved_again(self) -> None:
        """Under a key that was there."""
        one = self.pick(Author.objects)
        Author(pk=one.pk, name=f"Author {self.random.randrange(99)}", bio=one.bio).save()

    def raw_of_many(self) -> None:
        keys = [(self.random.randrange(1000), pk) for pk in range(1, 9)]
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE newsroom_article SET views = %s WHERE id = %s", keys)

    def raw_odd(self) -> None:
        rank = self.random.randrange(6)
        statements = [
            ('UPDATE "Odd thing.s" SET rank = %s WHERE "select" LIKE %s', [rank, "thing 1%%"]),
            ('UPDATE "Odd thing.s" SET "select" = %s WHERE rank = %s', [f"raw {rank}", rank]),
            (
                ('UPDATE "Odd thing.s" AS t SET rank = m.number FROM newsroom_part AS m '
                "WHERE m.part_id = t.id AND m.number < %s"),
                [rank],
            ),
            (('DELETE FROM newsroom_part WHERE part_id IN (SELECT id FROM "Odd thing.s" '
             "WHERE rank = %s)"), [rank]),
            (
                ("INSERT INTO newsroom_topic (name, slug) SELECT name, 'topic-9' FROM "
                "newsroom_section WHERE slug = 'section-1' ON CONFLICT (slug) DO UPDATE "
                "SET name = excluded.name"),
                None,
            ),
            (
                ("INSERT INTO newsroom_topic (name, slug) VALUES (%s, 'topic-1') "
                "ON CONFLICT (slug) DO UPDATE SET name = excluded.name"),
                [f"Raw {rank}"],
            ),
            (
                ("WITH old AS (SELECT id FROM newsroom_article WHERE views < %s) "
                "UPDATE newsroom_article SET views = views + 1 WHERE id IN (SELECT id FROM old)"),
                [rank * 50],
            ),
            ("update newsroom_section set name = name || '.' where id % 2 = 1 and length(name) < 9",
             None),
            ("UPDATE newsroom_author SET name = %(name)s WHERE id < %(id)s",
             {"name": f"Raw {rank}", "id": rank}),
        ]  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(*self.random.choice(statements))

    def raw_returning(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE newsroom_article SET language = %s WHERE views > %s RETURNING id",
                [self.random.choice(["de", "en"]), self.random.randrange(1000)],
            )
            cursor.fetchall()

    def sections_merged(self) -> None:
        """What pointed to one points to another, and it is gone."""
        one, other = (self.pick(Section.objects.filter(slug__startswith=s)) for s in
                      ("section-new", "section-0"))  # fmt: skip
        if one and other:
            with transaction.atomic():
                Article.objects.filter(section=one).update(section=other)
                Section.objects.filter(parent=one).update(parent=other)
                one.delete()

    @property
    def all(self):
        names = [name for name in vars(type(self)) if not name.startswith("_")]
        return [getattr(self, name) for name in names if name not in ("all", "fill", "values")]
