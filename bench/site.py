"""A small site of our own, in English and German: settings, URLs and views in one module.

BENCH_CASE names the case it is set up for, BENCH_DIRECTORY where its files go.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from bench.cases import CASES
from bench.texts import EDITIONS

case = CASES[os.environ["BENCH_CASE"]]

# -- settings ----------------------------------------------------------------------------

BASE_DIR = Path(os.environ["BENCH_DIRECTORY"])
SECRET_KEY = "not a secret: for measuring only"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.cms_urls" if case.cms else "bench.site"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    *(["freshpage"] if case.freshpage is not None else []),
]
MIDDLEWARE = [
    *case.outermost,
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    *case.innermost,
]
_templates: dict[str, Any] = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [Path(__file__).parent / "templates"],
}
TEMPLATES = [_templates]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / f"{case.name}.sqlite3"}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = case.caches
CACHE_MIDDLEWARE_SECONDS = 3600
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
USE_TZ = True
if case.freshpage is not None:
    FRESHPAGE = case.freshpage

if case.cms:
    INSTALLED_APPS += ["django.contrib.admin", "django.contrib.sites"]
    INSTALLED_APPS += ["cms", "menus", "treebeard", "sekizai"]
    MIDDLEWARE += [
        "cms.middleware.user.CurrentUserMiddleware",
        "cms.middleware.page.CurrentPageMiddleware",
        "cms.middleware.toolbar.ToolbarMiddleware",
    ]
    _processors = ["bench.site.words", "django.template.context_processors.request"]
    _templates |= {"APP_DIRS": True, "OPTIONS": {"context_processors": _processors}}
    SITE_ID = 1
    CMS_TEMPLATES = [("cms_page.html", "News")]
    CMS_CONFIRM_VERSION4 = True
    CMS_CACHE_DURATIONS = {"content": 3600, "menus": 3600, "permissions": 3600}

# -- views -------------------------------------------------------------------------------

renders = 0


def words(request: HttpRequest) -> dict[str, Any]:
    """What the page shows, in the visitor's language; asked for once a render."""
    global renders
    renders += 1
    language = get_language() or LANGUAGE_CODE
    return {"language": language, "edition": EDITIONS[language]}


def page(request: HttpRequest) -> HttpResponse:
    """About 30 KB in the visitor's language."""
    return render(request, "page.html", words(request))


@never_cache
def count(request: HttpRequest) -> HttpResponse:
    """How often this process has rendered the page."""
    return HttpResponse(str(renders), content_type="text/plain")


urlpatterns = [path("", page), path("renders/", count)]
