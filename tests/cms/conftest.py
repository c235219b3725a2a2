"""A django-cms site behind each front door, and behind none, in process, on a real store."""

from __future__ import annotations

import pytest
from cms.api import add_plugin, create_page, create_page_content
from cms.models import PageContent
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.test import Client
from menus.menu_pool import menu_pool

from freshpage import asgi, runtime, wsgi
from tests.cms.site import cms_menus, cms_plugins
from tests.cms.town import Town
from tests.doors.conftest import OURS, Visitor, status

MIDDLEWARE = [
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
    "cms.middleware.language.LanguageCookieMiddleware",
]


class Site:
    """The site, its editor, and somebody who asks for its pages."""

    def __init__(self, application: object, is_async: bool, has_door: bool) -> None:
        self._has_door = has_door
        self._visitor = Visitor(application, is_async)
        self.get = self._visitor.ask
        self.editor = get_user_model().objects.create_superuser("editor")

    def life(self, path: str) -> int:
        """How many seconds a page that was made just now may be kept, by whoever keeps it."""
        page = self.get(path)
        if not self._has_door:
            return int(page.headers["Cache-Control"].removeprefix("max-age="))
        assert page.headers["Cache-Control"] == "no-cache"
        return int(status(self.get(path)).partition("ttl=")[2].partition(";")[0])

    def draft(self, title: str, *plugins: tuple[str, str | int], **options):
        """A page's content, not published: (plugin, its text or its seconds)."""
        options = {"template": "cms_site/page.html", "in_navigation": True, **options}
        page = create_page(title, language="en", created_by=self.editor, **options)
        content = PageContent.admin_manager.get(page=page, language="en")
        for plugin, says in plugins:
            name = "seconds" if isinstance(says, int) else "text"
            add_plugin(self.placeholder(content), plugin, "en", **{name: says})
        return content

    def page(self, title: str, *plugins: tuple[str, str | int], **options):
        """The same, published."""
        content = self.draft(title, *plugins, **options)
        self.publish(content)
        return content

    def translate(self, content, title: str) -> None:
        """A page's German content, published."""
        self.publish(create_page_content("de", title, content.page, created_by=self.editor))

    def publish(self, content) -> None:
        content.versions.get().publish(self.editor)

    def rewrite(self, content, text: str):
        """A new version of a page with another text, published as an editor does it."""
        version = content.versions.get().copy(self.editor)
        for plugin in self.placeholder(version.content).get_plugins():
            self._write(plugin, text)
        version.publish(self.editor)
        return version.content

    def correct(self, content, text: str) -> None:
        """Another text where it stands, as an editor does it on a site without versions."""
        with transaction.atomic():
            for plugin in self.placeholder(content).get_plugins():
                self._write(plugin, text)
            self.placeholder(content).clear_cache("en", site_id=1)

    def _write(self, plugin, text: str) -> None:
        passage = plugin.get_plugin_instance()[0]
        passage.text = text
        passage.save()

    def placeholder(self, content, slot: str = "body"):
        return content.rescan_placeholders()[slot]

    def cookie(self) -> str:
        """The Cookie field of the logged-in editor."""
        client = Client()
        client.force_login(self.editor)
        return f"sessionid={client.cookies['sessionid'].value}"


@pytest.fixture
def make_site(settings, tmp_path, transactional_db):
    """Makes the site, with these FRESHPAGE settings."""

    def make(door: str = "none", middleware=MIDDLEWARE, **options) -> Site:
        settings.ROOT_URLCONF = "tests.cms.site.urls"
        settings.MIDDLEWARE = [OURS, *middleware] if door.startswith("middleware") else middleware
        store = f"sqlite:///{tmp_path / 'store.sqlite3'}"
        settings.FRESHPAGE = {"STORE": store, "CACHE_STATUS_DETAIL": True, **options}
        runtime.reset()
        menu_pool.discover_menus()
        hooked = menu_pool.menus.pop("HookedMenu")
        menu_pool.register_menu(hooked)  # as the last, whatever was loaded when
        is_async = door.endswith("asgi")
        application = ASGIHandler() if is_async else WSGIHandler()
        if door in ("wsgi", "asgi"):
            application = {"wsgi": wsgi, "asgi": asgi}[door].PageCache(application)
        return Site(application, is_async, has_door=door != "none")

    cache.clear()
    for versionable in apps.get_app_config("djangocms_versioning").cms_extension.versionables:
        # every test has content types of its own
        versionable.__dict__.pop("content_types", None)
    yield make
    menu_pool.clear(all=True)
    cache.clear()
    cms_plugins.HOOKS.clear()
    cms_menus.HOOKS.clear()
    runtime.reset()


# "middleware-asgi" is as "middleware" here: django-cms renders on a thread
@pytest.fixture(params=("none", "wsgi", "asgi", "middleware"))
def door(request):
    return request.param


@pytest.fixture
def site(make_site, door) -> Site:
    return make_site(door)


@pytest.fixture
def town(site) -> Town:
    return Town(site)
