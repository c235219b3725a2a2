"""Prints how many upstream tests were run and passed, after pytest's own summary."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "upstream" and report.when == "call":
                    terminalreporter.write_line(str(value))
