"""Fixtures for all tests; those that start servers are in tests/servers.py."""

from __future__ import annotations

import os

import hypothesis

# the same examples in every run of the checks; new ones on a developer's machine
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")
