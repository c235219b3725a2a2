"""A news site, with one of each kind of relation."""

from __future__ import annotations

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Section(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=80)
    bio = models.TextField(default="")

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    author = models.OneToOneField(Author, models.CASCADE)
    motto = models.CharField(max_length=80, default="")

    def __str__(self) -> str:
        return self.motto


class Topic(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    title = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    text = models.TextField(default="")
    language = models.CharField(max_length=2, default="en")
    status = models.CharField(max_length=10, default="public")
    date = models.DateTimeField()
    views = models.PositiveIntegerField(default=0)
    section = models.ForeignKey(Section, models.CASCADE, related_name="articles")
    author = models.ForeignKey(Author, models.CASCADE, related_name="articles")
    topics = models.ManyToManyField(Topic, related_name="articles")
    notes = GenericRelation("newsroom.Note")

    class Meta:
        ordering = ("-date", "pk")

    def __str__(self) -> str:
        return self.title


class Review(Article):
    stars = models.PositiveIntegerField(default=3)


class GuestAuthor(Author):
    class Meta:
        proxy = True


class Reading(models.Model):
    pk = models.CompositePrimaryKey("reader", "article_id")
    reader = models.CharField(max_length=20)
    article = models.ForeignKey(Article, models.CASCADE, related_name="+")
    minutes = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.reader} {self.minutes}"


class PublicTitle(models.Model):
    """A view in the database, as far as it is made."""

    title = models.CharField(max_length=120)

    class Meta:
        managed = False
        db_table = "newsroom_public_title"

    def __str__(self) -> str:
        return self.title


class Comment(models.Model):
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    text = models.TextField()
    approved = models.BooleanField(default=True)
    date = models.DateTimeField()

    def __str__(self) -> str:
        return self.text


class Note(models.Model):
    text = models.CharField(max_length=80)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    subject = GenericForeignKey()

    def __str__(self) -> str:
        return self.text


class Maker(models.Model):
    """Referred to by something else than its key."""

    code = models.SlugField(primary_key=True, db_column="Code")
    name = models.CharField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.name


class Thing(models.Model):
    """Odd columns, in a table of an odd name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40, db_column="select")
    data = models.JSONField(default=dict)
    price = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    rank = models.IntegerField(null=True)
    hidden = models.BooleanField(null=True)
    day = models.DateField(null=True)
    maker = models.ForeignKey(
        Maker, models.SET_NULL, null=True, to_field="name", related_name="things"
    )
    parts = models.ManyToManyField("self", through="Part", symmetrical=False, related_name="wholes")
    friends = models.ManyToManyField("self")
    doubled = models.GeneratedField(
        expression=models.F("rank") * 2, output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        db_table = "Odd thing.s"

    def __str__(self) -> str:
        return self.name


class Part(models.Model):
    whole = models.ForeignKey(Thing, models.CASCADE, related_name="+")
    part = models.ForeignKey(Thing, models.CASCADE, related_name="uses")
    number = models.IntegerField(default=1)

    class Meta:
        unique_together = (("whole", "part"),)
        ordering = ("-number", "pk")

    def __str__(self) -> str:
        return f"{self.number}"


class Verdict(Review):
    """The third table of one row."""

    final = models.BooleanField(default=True)
