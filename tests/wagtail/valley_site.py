"""The example behind a front door, in process, and what a change does to its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.contrib.auth import get_user_model
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from wagtail.models import Page

import freshpage
from freshpage import wsgi
from tests.doors.conftest import Visitor, is_hit, status

BASE = "http://localhost:8000"


@dataclass
class Effect:
    """What a change did: paths of pages that were dropped, changed, and are stale."""

    dropped: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return f"{len(self.dropped)} dropped, {len(self.changed)} changed"


class ValleySite:
    """The site, somebody who asks for its pages, and what a change does to them."""

    def __init__(self) -> None:
        bare = WSGIHandler()
        self.application = wsgi.PageCache(bare)
        self._bare = Visitor(bare, is_async=False, base=BASE)
        self.get = Visitor(self.application, is_async=False, base=BASE).ask
        self.fresh = self._bare.ask

    def behind(self, application: Any) -> None:
        """Have the site's own middleware keep the pages."""
        self.application = application
        self.get = Visitor(application, is_async=False, base=BASE).ask

    def render_all(self) -> None:
        """Render every page, and keep none; twice, for the first time makes renditions."""
        for _ in range(2):
            for path in self.paths():
                self.get(path)
            freshpage.purge(everything=True)

    def paths(self) -> list[str]:
        """Where the published pages are."""
        pages = Page.objects.live().filter(depth__gt=1).order_by("path")
        return [page.url.removeprefix(BASE) for page in pages]

    def warm(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Have pages in the cache; what each shows."""
        shown = {}
        for path in paths:
            for _ in range(3):
                answer = self.get(path)
                if is_hit(answer):
                    break
            else:
                raise AssertionError(f"{path} is not kept: {answer.status_code} {status(answer)}")
            shown[path] = answer.content
        return shown

    def effect(self, change: Callable[[], Any], *more: str) -> Effect:
        """Make a change, and look at every page from the cache and freshly rendered.

        :param more: paths beside the published pages.
        """
        return self.effect_on([*self.paths(), *more], change)

    def effect_on(self, paths: Sequence[str], change: Callable[[], Any]) -> Effect:
        """The same, with some pages."""
        before = self.warm(paths)
        change()
        effect = Effect()
        for path in paths:
            now = self.get(path)
            if not is_hit(now):
                effect.dropped.add(path)
            elif now.content != self.fresh(path).content:
                effect.stale.add(path)
            if now.content != before[path]:
                effect.changed.add(path)
        return effect


def editor(application: Any) -> httpx.Client:
    """A browser of a superuser who has logged in, at some application."""
    user = get_user_model().objects.create_superuser("ann", "ann@example.org", "kestrel")
    client = Client()
    client.force_login(user)
    transport = httpx.WSGITransport(app=application)
    browser = httpx.Client(transport=transport, base_url=BASE)
    browser.cookies.set("sessionid", client.cookies["sessionid"].value)
    return browser


def press(browser: httpx.Client, path: str, **filled: Any) -> httpx.Response:
    """Send a form of the admin, as its page would."""
    if "csrftoken" not in browser.cookies:
        browser.get("/admin/account/")
    token = browser.cookies["csrftoken"]
    return browser.post(path, data={**filled, "csrfmiddlewaretoken": token})
