"""The tables of settings in README.md and settings.md, made from the code.

``python docs/tables.py`` writes them; tests/test_docs.py sees that they are as written.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

from freshpage.settings import Settings

ROOT = Path(__file__).parent.parent
FILES = (ROOT / "README.md", ROOT / "docs" / "settings.md")
START, END = "<!-- settings: made by docs/tables.py -->", "<!-- /settings -->"


def settings_table() -> str:
    """Every key of FRESHPAGE, its default and meaning."""
    rows = [
        f"| `{option.name.upper()}` | `{_literal(option.default)}` | {option.metadata['help']} |"
        for option in fields(Settings)
        if option.metadata  # the others are not of FRESHPAGE
    ]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    if isinstance(value, str):
        return f'"{value}"'
    for power in (30, 20):
        if isinstance(value, int) and value >= 2**power and value % 2**power == 0:
            factor = value >> power
            return f"2**{power}" if factor == 1 else f"{factor} * 2**{power}"
    return repr(value)


def filled(text: str) -> str:
    """A document with its table as it should be.

    :raises ValueError: when the document has no place for it.
    """
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"no {START} … {END}")
    return f"{before}{START}\n{settings_table()}\n{END}{after}"


if __name__ == "__main__":
    for file in FILES:
        file.write_text(filled(file.read_text()))
