"""The Django the tests and the type checker need: little of it, and a django-cms site."""

from typing import Any

SECRET_KEY = "not a secret: for tests only"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = [
    "freshpage",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.flatpages",
    "django.contrib.redirects",
    # for tests/cms
    "django.contrib.admin",
    "django.contrib.sites",
    "treebeard",
    "sekizai",
    "cms",
    "menus",
    "djangocms_versioning",
    "freshpage.integrations.cms",
    "tests.cms.site",
    # for tests/tracking and tests/oracle
    "tests.oracle.newsroom",
]
# without their migrations the database is made in a moment
MIGRATION_MODULES = dict.fromkeys(
    [
        *("admin", "auth", "cms", "contenttypes", "djangocms_versioning", "flatpages", "menus"),
        *("redirects", "sessions", "sites"),
    ]
)
SITE_ID = 1
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [("cms_site/page.html", "Page"), ("cms_site/section.html", "Section")]
CMS_PERMISSION = True
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cms.context_processors.cms_settings",
                "sekizai.context_processors.sekizai",
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
