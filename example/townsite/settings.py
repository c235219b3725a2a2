"""The settings of the demo site: an ordinary django-cms project, and freshpage's three lines."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

EXAMPLE = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("DEMO_VAR") or EXAMPLE / "var")


def _secret_key() -> str:
    """The key of this installation, made on the first start and kept."""
    kept = VAR / "secret_key"
    if not kept.exists():
        VAR.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(get_random_secret_key())
    return kept.read_text()


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "cms",
    "menus",
    "treebeard",
    "sekizai",
    "parler",
    "djangocms_text",
    "djangocms_alias",
    "djangocms_versioning",
    "town",
    "freshpage",
    "freshpage.integrations.cms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cms.middleware.user.CurrentUserMiddleware",
    "cms.middleware.page.CurrentPageMiddleware",
    "cms.middleware.toolbar.ToolbarMiddleware",
]

ROOT_URLCONF = "townsite.urls"
WSGI_APPLICATION = "townsite.wsgi.application"

TEMPLATES = [
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
                "town.words.words",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR / "town.sqlite3",
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The menus are kept in files, where both workers see them. Nothing else is: pages are kept whole,
# so their parts are seldom asked for.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    "menus": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR / "menus",
    },
}
CMS_MENU_CACHE_BACKEND = "menus"

# The pages are kept in a file of their own, which both workers share.
FRESHPAGE = {"STORE": f"sqlite:///{VAR / 'freshpage.sqlite3'}"}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "Europe/Berlin"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # serves the files where they lie: nothing to collect
WHITENOISE_AUTOREFRESH = False

AUTH_PASSWORD_VALIDATORS = []
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "SAMEORIGIN"  # the editor's dialogs are frames of the site itself
SECURE_REFERRER_POLICY = "same-origin"

SITE_ID = 1
SILENCED_SYSTEM_CHECKS = ["treebeard.E001"]  # a note to django-cms, not to its users
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [
    ("town/home.html", "Home page"),
    ("town/section.html", "Section with a list of its pages"),
    ("town/page.html", "Page"),
    ("town/service.html", "Service of the town"),
    ("town/place.html", "Place with opening hours"),
    ("town/minutes.html", "Minutes of a meeting"),
]
CMS_LANGUAGES = {
    1: [
        {"code": "en", "name": "English", "fallbacks": [], "public": True},
        {"code": "de", "name": "Deutsch", "fallbacks": [], "public": True},
    ],
    "default": {"fallbacks": [], "redirect_on_fallback": True, "hide_untranslated": True},
}
CMS_TOOLBAR_ANONYMOUS_ON = False
# A page is dropped when it changes, so it may live for a day.
CMS_CACHE_DURATIONS = {"content": 24 * 3600, "menus": 3600, "permissions": 3600}

DJANGOCMS_VERSIONING_ON_PUBLISH_REDIRECT = "published"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
