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
INSTALLED_APPS = [*INSTALLED_APPS, "freshpage.compat.wagtailcache"]
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
DATABASES: dict[str, Any] = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
