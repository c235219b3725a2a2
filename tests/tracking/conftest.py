from __future__ import annotations

import datetime
from types import SimpleNamespace

import pytest

from freshpage.tracking.database import watch_database
from tests.oracle.keeping import TAGS
from tests.oracle.newsroom.models import Article, Author, Comment, Profile, Section, Topic

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def tags():
    """Tags of data go to TAGS for the time of a test."""
    TAGS.start_over()
    before = watch_database(lambda: [TAGS])
    yield TAGS
    watch_database(before)


@pytest.fixture
def site(transactional_db):
    """Two sections with twelve articles each, an hour apart."""
    sport = Section.objects.create(name="Sport", slug="sport")
    arts = Section.objects.create(name="Arts", slug="arts")
    ann = Author.objects.create(name="Ann")
    ben = Author.objects.create(name="Ben")
    Profile.objects.create(author=ann, motto="Onward")
    python, django = (Topic.objects.create(name=name, slug=name) for name in ("python", "django"))
    articles = []
    for number in range(24):
        article = Article.objects.create(
            title=f"Title {number}",
            slug=f"title-{number}",
            section=sport if number % 2 else arts,
            author=ann if number % 3 else ben,
            date=START + datetime.timedelta(days=number),
        )
        article.topics.add(python if number % 4 else django)
        Comment.objects.create(article=article, text=f"Comment {number}", date=START)
        articles.append(article)
    return SimpleNamespace(
        sport=sport, arts=arts, ann=ann, ben=ben, python=python, django=django, articles=articles
    )
