"""A site whose database is a file, for processes to share."""

import os

from tests.settings import *  # noqa: F403

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("RACE_DATABASE", ":memory:"),
        "OPTIONS": {"timeout": 20, "init_command": "PRAGMA journal_mode=WAL"},
    }
}
FRESHPAGE = {"STORE": "memory"}
