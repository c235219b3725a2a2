"""Settings, caches and a clock for the tests of the drop-ins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core import signals
from django.db import close_old_connections

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
    # as Django's test client does: a connection some other test opened is none of these
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield site_maker(settings)
    for end in ends:
        end.connect(close_old_connections)
    runtime.reset()


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
