"""The name of the build that runs: pages made by other code or templates are other pages.

It is part of every key, so in a rolling deploy two builds run side by side over one store
and neither serves what the other made.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from django.conf import settings as django_settings

_SUFFIXES = frozenset({".py", ".html", ".htm", ".txt", ".xml", ".json", ".jinja", ".j2", ".mo"})
_NOT_CODE = frozenset({"node_modules", "__pycache__", "site-packages", "media", "static"})
_MOST_FILES = 20_000


def build_digest() -> str:
    """A digest of the project's own code and templates and of what is installed.

    The project is what lies below BASE_DIR, and every template folder of TEMPLATES; hidden
    folders, virtual environments and uploads are left out. The same on every machine that
    has the same files, whatever their dates.
    """
    found = hashlib.blake2b(_installed(), digest_size=12)
    base = getattr(django_settings, "BASE_DIR", None)
    roots = [Path(base)] if base else []
    roots += [
        Path(folder) for engine in django_settings.TEMPLATES for folder in engine.get("DIRS", ())
    ]
    for root in roots:
        for number, path in enumerate(_code(root)):
            if number == _MOST_FILES:
                break
            found.update(os.fsencode(path.relative_to(root)))
            try:
                found.update(hashlib.blake2b(path.read_bytes()).digest())
            except OSError:  # gone, or not ours to read
                continue
    return found.hexdigest()


@cache
def _installed() -> bytes:
    """The names and versions of what is installed."""
    return "\n".join(sorted(f"{d.metadata['Name']} {d.version}" for d in distributions())).encode()


def _code(root: Path) -> Iterator[Path]:
    """The files below ``root`` that decide what pages look like, always in one order."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _NOT_CODE
            and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(files) if Path(name).suffix in _SUFFIXES)
