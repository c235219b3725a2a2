"""A news site, with one of each kind of relation."""

from __future__ import annotations

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
