"""Fixtures for all tests; those that start servers are in tests/servers.py."""

from __future__ import annotations

import os

import hypothesis
import pytest
from django.core import signals
from django.db import close_old_connections

# the same examples in every run of the checks; new ones on a developer's machine
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def _connections_stay() -> None:
    """As Django's test client has it: a request in a test closes no connection of the test's,
    nor does it look at one that some other test left. (Before each test: that client connects
    them again.)
    """
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
