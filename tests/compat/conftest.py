"""Settings, caches and a clock for the tests of the drop-ins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.handlers.base import BaseHandler

from freshpage import runtime
from tests.compat.sites import MakeSite, site_maker


@pytest.fixture
def make_site(settings, tmp_path) -> Iterator[MakeSite]:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    settings.CACHE_MIDDLEWARE_SECONDS = 600
    settings.CACHES = {
        name: {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": f"{tmp_path}-{name}",
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
        for name in ("default", "other")
    }
    settings.FRESHPAGE = {"STORE": f"sqlite:///{tmp_path / 'pages.sqlite3'}"}
    yield site_maker(settings)
    runtime.reset()


@pytest.fixture
def without_the_app(settings, monkeypatch) -> None:
    """Without "freshpage" in INSTALLED_APPS nobody watches a render behind a server's door."""
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "freshpage"]
    for name in ("get_response", "get_response_async"):
        monkeypatch.setattr(BaseHandler, name, getattr(BaseHandler, name).__wrapped__)


@dataclass
class Clock:
    now: float

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """A clock that stands still until it is told to go on."""
    clock = Clock(1_700_000_000.0)
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock
