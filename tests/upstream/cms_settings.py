"""django-cms's own test settings, and freshpage's app."""

import tempfile

from cms.tests.settings import *  # noqa: F403
from cms.tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "freshpage", "freshpage.integrations.cms"]
# a store in memory would be another one after each change of a setting
FRESHPAGE = {"STORE": f"sqlite:///{tempfile.mkdtemp()}/freshpage.sqlite3"}
