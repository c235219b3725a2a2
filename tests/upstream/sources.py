"""Source distributions whose own tests we run: found, or downloaded once into .upstream/.

FRESHPAGE_UPSTREAM names another folder, with unpacked distributions in it or to be filled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def source(distribution: str, version: str) -> Path:
    """The unpacked source distribution, of the version that is installed.

    Where it can't be had, the test is skipped; in continuous integration it fails.
    """
    root = Path(os.environ.get("FRESHPAGE_UPSTREAM") or PROJECT / ".upstream")
    found = root / f"{distribution}-{version}"
    if found.is_dir():
        return found
    try:
        _download(distribution, version, found)
    except (OSError, subprocess.CalledProcessError, tarfile.TarError) as fault:
        reason = f"no source of {distribution} {version} in {root}, nor to be had: {fault}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _download(distribution: str, version: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        wanted = ["--no-binary", distribution, f"{distribution}=={version}"]
        subprocess.run([*pip, *wanted, "--dest", folder], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as files:
            files.extractall(folder, filter="data")
        (unpacked,) = (path for path in Path(folder).iterdir() if path.is_dir())
        try:
            unpacked.rename(to)
        except OSError:
            if not to.is_dir():  # else another process was quicker
                raise
