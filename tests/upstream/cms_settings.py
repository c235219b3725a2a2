"""django-cms's own test settings, and freshpage's app."""

from cms.tests.settings import *  # noqa: F403
from cms.tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "freshpage", "freshpage.integrations.cms"]
FRESHPAGE = {"STORE": "memory"}
