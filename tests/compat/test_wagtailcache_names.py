"""The drop-in has the public names of wagtail-cache itself, as it is installed here."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

OURS = Path(__file__).parents[2] / "src/freshpage/compat/wagtailcache"
MODULES = (
    "cache",
    "settings",
    "urls",
    "views",
    "wagtail_hooks",
    "templatetags/wagtailcache_tags",
    "management/commands/clear_wagtail_cache",
)
# as docs/from-wagtail-cache.md says: the menu has Wagtail's own icon
LEFT_OUT = {"wagtail_hooks": {"register_icons"}}
INTERNAL = {"logger", "_DefaultSettings"}


def public_names(module: Path) -> set[str]:
    """What a module defines for others."""
    names: set[str] = set()
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")} - INTERNAL


def theirs() -> Path:
    spec = find_spec("wagtailcache")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.mark.parametrize("module", MODULES)
def test_each_public_name_is_there(module: str) -> None:
    wanted = public_names(theirs() / f"{module}.py") - LEFT_OUT.get(module, set())
    assert wanted
    assert wanted <= public_names(OURS / f"{module}.py")


def test_each_setting_is_there() -> None:
    def settings(folder: Path) -> set[str]:
        text = (folder / "settings.py").read_text()
        found = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        strings = {
            node.value
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        named = {
            node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
        }
        return {name for name in found | strings | named if name.startswith("WAGTAIL_CACHE")}

    assert settings(theirs())
    assert settings(theirs()) <= settings(OURS)
