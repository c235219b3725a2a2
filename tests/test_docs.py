"""The documentation is true: settings, reasons, names, code, links, commands."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
from dataclasses import fields
from pathlib import Path

import pytest

from freshpage.settings import Settings
from freshpage.stores.opening import SPELLINGS

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "freshpage"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TABLES = runpy.run_path(str(ROOT / "docs" / "tables.py"))

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


BLOCKS = [
    pytest.param(block.group(1), id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(_BLOCK.finditer(page.read_text()), 1)
]


@pytest.mark.parametrize("page", TABLES["FILES"], ids=name_of)
def test_settings_tables_are_as_the_code_has_them(page: Path) -> None:
    text = page.read_text()
    assert text == TABLES["filled"](text), "make format writes them"


def test_each_setting_is_explained() -> None:
    prose = (ROOT / "docs" / "settings.md").read_text().partition(TABLES["END"])[2]
    named = set(re.findall(r"`([A-Z_]+)`", prose)) | {"STORE"}  # STORE has a page of its own
    assert {option.name.upper() for option in fields(Settings) if option.metadata} <= named


def test_each_store_is_explained() -> None:
    page = (ROOT / "docs" / "stores.md").read_text()
    assert set(SPELLINGS) <= set(re.findall(r"`\"([a-z+]+)[:\"]", page))


@pytest.mark.parametrize("block", BLOCKS)
def test_python_compiles_and_its_names_and_settings_exist(block: str) -> None:
    tree = ast.parse(block)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("freshpage"):
            module = importlib.import_module(node.module or "")
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "freshpage":
                assert hasattr(importlib.import_module("freshpage"), node.attr)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FRESHPAGE":
            Settings.from_mapping(ast.literal_eval(node.value))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_dotted_names_exist(page: Path) -> None:
    for dotted in re.findall(r"[`\"](freshpage(?:\.\w+)+)", page.read_text()):
        assert resolves(dotted), dotted


def resolves(dotted: str) -> bool:
    """Whether a dotted name is a module or something in one (apps need a configured Django)."""
    names = dotted.split(".")
    for end in range(len(names), 0, -1):
        path = SOURCE.joinpath(*names[1:end])
        if path.is_dir() or path.with_suffix(".py").is_file():
            found = importlib.import_module(".".join(names[:end])) if names[end:] else None
            for name in names[end:]:
                found = getattr(found, name, None)
            return not names[end:] or found is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    prose = _CODE.sub("", page.read_text())
    for link in _LINK.findall(prose):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets


def reasons() -> set[str]:
    """Why a page is not stored, as the code has it."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name in JUDGES:
                found |= {text for given in returned(node) for text in texts(given)}
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(REFUSALS):
                found |= texts(node.args[0])
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_UNKEYABLE":
                found |= set(ast.literal_eval(node.value).values())
    return found - {""}


JUDGES = {"storing_refusal", "_bypass"}  # return a reason
REFUSALS = (".refuse", "Refused")  # take one


def returned(function: ast.FunctionDef) -> list[ast.expr]:
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]


def texts(value: ast.expr) -> set[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return {value.value}
    return set()


def test_every_reason_is_explained() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    section = page.partition("## The reason")[2].partition("\n## ")[0]
    told = set(re.findall(r"^\| `([a-z-]+)`", section, re.MULTILINE))
    found = reasons()
    assert {
        "set-cookie",
        "no-freshness",
        "body",
        "client-address",
        "csrf",
    } <= found  # in each place
    assert found <= told
