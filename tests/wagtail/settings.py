"""The example's settings, for tests: a database in memory, without its server's files."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "example_wagtail"))
_folder = tempfile.TemporaryDirectory(prefix="freshpage-wagtail-")  # gone with the process
os.environ["DEMO_VAR"] = _folder.name

from valleysite.settings import *  # noqa: E402, F403
from valleysite.settings import INSTALLED_APPS, MIDDLEWARE  # noqa: E402

BASE_DIR = Path(_folder.name)
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "freshpage.compat.wagtailcache",
    "wagtail.contrib.forms",
    "wagtail.contrib.routable_page",
    "wagtail.contrib.search_promotions",
    "tests.wagtail.more",
]
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
DATABASES: dict[str, Any] = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
}
# LocMemCache drops values at random where it holds more than 300
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
