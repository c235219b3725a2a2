"""The machine that was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

_VERSIONS = ("django", "gunicorn", "granian", "uvicorn")


def machine() -> dict[str, Any]:
    """What it was measured on."""
    found = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: version(name) for name in _VERSIONS},
    }
    if hasattr(os, "getloadavg"):
        found["load"] = round(os.getloadavg()[0], 2)  # of others, when the run began
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


BUSY = 0.5  # load from which others disturb what is measured


def in_words(found: Mapping[str, Any]) -> str:
    """The machine, in one line."""
    versions = ", ".join(f"{name} {found[name]}" for name in ("python", *_VERSIONS))
    load = f", load {found['load']} when it began" if "load" in found else ""
    busy = " (others were at work on it: the figures are rough)" if _busy(found) else ""
    return f"{found['cores']} × {found['processor']}, {found['system']}{load}{busy}; {versions}"


def _busy(found: Mapping[str, Any]) -> bool:
    return found.get("load", 0) >= BUSY
