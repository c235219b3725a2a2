"""The same without freshpage's app for Wagtail."""

from __future__ import annotations

from tests.wagtail.settings import *  # noqa: F403
from tests.wagtail.settings import INSTALLED_APPS

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "freshpage.integrations.wagtail"]
