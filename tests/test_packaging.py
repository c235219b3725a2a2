"""What is published: a wheel that holds everything, and needs no more than it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# Integrations import what they integrate, an admin module or models want a configured Django.
IMPORT_ALL = """
import importlib, json, pkgutil
import freshpage
found = pkgutil.walk_packages(freshpage.__path__, "freshpage.", onerror=lambda name: None)
names = [module.name for module in found]
names = [n for n in names if not set(n.split(".")) & {"integrations", "admin", "models"}]
missing = {}
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing[name] = error.name
from django.conf import settings
print(json.dumps({"names": names, "missing": missing, "configured": settings.configured}))
"""

# modules that are imported only where a setting asks for them, and what they want
OPTIONAL = {
    f"freshpage.{name}": wanted
    for wanted, names in {
        "redis": (
            "stores.redis",
            "stores.redis_clients",
            "stores.redis_cluster",
            "stores.redis_leases",
            "stores.redis_scripts",
        ),
        "wagtail": tuple(
            f"compat.wagtailcache.{name}"
            for name in (
                "cache",
                "management.commands.clear_wagtail_cache",
                "urls",
                "views",
                "wagtail_hooks",
            )
        ),
    }.items()
    for name in names
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel and what it requires, no extras."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    for name in required("django-freshpage", wheel):
        for file in metadata.files(name) or ():
            top = file.parts[0]
            if top != ".." and not (site / top).exists():
                (site / top).symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", python]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", wheel], check=True)
    return python


def required(name: str, wheel: Path) -> set[str]:
    """The names of all that a plain install brings beside freshpage itself."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in wheel_metadata(wheel).get_all("Requires-Dist")]
    while waiting:
        requirement = waiting.pop()
        marker = requirement.marker
        if requirement.name in found or (marker and not marker.evaluate({"extra": ""})):
            continue
        found.add(requirement.name)
        waiting += [Requirement(line) for line in metadata.requires(requirement.name) or ()]
    return found


def wheel_metadata(wheel: Path) -> metadata.PackageMetadata:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        folder = wheel.parent / "metadata"
        archive.extract(name, folder)
    return metadata.Distribution.at(folder / Path(name).parent).metadata


def test_wheel_holds_the_whole_package(wheel: Path) -> None:
    source = ROOT / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "freshpage").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == files
    assert "freshpage/py.typed" in packed


def test_wheel_names_its_licence_and_needs(wheel: Path) -> None:
    facts = wheel_metadata(wheel)
    assert facts["Name"] == "django-freshpage"
    assert facts["Version"] == PROJECT["version"]
    assert facts["License-Expression"] == "BSD-3-Clause"
    assert facts.get_all("Provides-Extra") == sorted(PROJECT["optional-dependencies"])


def test_plain_install_imports_without_settings_or_extras(
    bare_python: Path, tmp_path: Path
) -> None:
    clean = {
        k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    }
    done = subprocess.run(
        [bare_python, "-c", IMPORT_ALL],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "freshpage.engine" in found["names"]
    assert found["missing"].items() <= OPTIONAL.items()
    assert found["configured"] is False


@pytest.mark.parametrize("name", ["dev", "demo", "demo-wagtail", "bench", "docs"])
def test_pins_have_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pins = text.replace("\\\n", " ").splitlines()
    assert pins
    for pin in pins:
        requirement, *hashes = pin.split(" --hash=")
        assert "==" in requirement
        assert hashes
        assert all(digest.strip().startswith("sha256:") for digest in hashes)
    assert "://" not in text


@pytest.mark.parametrize("name", ["demo", "demo-wagtail", "bench", "docs"])
def test_pins_agree(name: str) -> None:
    """One environment holds them all."""

    def pins(file: str) -> set[str]:
        lines = (ROOT / "requirements" / f"{file}.txt").read_text().splitlines()
        return {line.split()[0] for line in lines if "==" in line}

    assert pins(name) <= pins("dev")


def test_changelog_has_this_version() -> None:
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()
