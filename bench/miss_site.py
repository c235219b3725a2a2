"""A news site for measuring misses: its front page makes 31 queries, has 30 KB and takes 16 ms.

BENCH_DIRECTORY names where its files go, BENCH_STORE its store.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

BASE_DIR = Path(os.environ["BENCH_DIRECTORY"])
SECRET_KEY = "not a secret: for measuring only"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.miss_site"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tests.oracle.newsroom",
    "freshpage",
]
MIGRATION_MODULES = dict.fromkeys(["auth", "contenttypes", "sessions"])
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "site.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
USE_TZ = True
FRESHPAGE = {"STORE": os.environ["BENCH_STORE"]}


def front(request: HttpRequest, number: int) -> HttpResponse:
    """The same for each number, at an address of its own."""
    from tests.oracle.newsroom.models import Article, Comment, Section, Topic

    public = Article.objects.filter(status="public").select_related("author")
    parts = []
    for section in Section.objects.order_by("name")[:6]:
        newest = public.filter(section=section).order_by("-date", "pk")
        read = section.articles.order_by("-views", "pk")
        number_of = section.articles.count()
        parts.append((section, number_of, newest[:6], newest.last(), read[:3]))
    context = {
        "parts": parts,
        "topics": Topic.objects.annotate(number=Count("articles")).order_by("name"),
        "lead": public.prefetch_related("topics")[:3],
        "comments": Comment.objects.select_related("article").order_by("-date")[:12],
        "sections": Section.objects.filter(parent=None),
    }
    return render(request, "front.html", context)


urlpatterns = [path("<int:number>/", front)]
