"""The few signs the texts are written in, to HTML: paragraphs, headings, lists, tables, quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_EMPHASIS = re.compile(r"\*([^*]+)\*")


def to_html(text: str, address: Callable[[str], str]) -> str:
    """``text`` as HTML; ``address`` gives the URL of the page whose key a link names."""

    def inline(words: str) -> str:
        words = _LINK.sub(
            lambda link: f'<a href="{address(link[2])}">{link[1]}</a>', escape(words, quote=False)
        )
        return _EMPHASIS.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", words))

    blocks = (block.strip() for block in text.strip().split("\n\n"))
    return "\n".join(_block(block.splitlines(), inline) for block in blocks if block)


def _block(lines: list[str], inline: Callable[[str], str]) -> str:
    first = lines[0]
    if first.startswith("## "):
        return f"<h2>{inline(first[3:])}</h2>"
    if first.startswith("- "):
        return f"<ul>{''.join(f'<li>{inline(line[2:])}</li>' for line in lines)}</ul>"
    if first.startswith("| "):
        return _table([line.strip("| ").split(" | ") for line in lines], inline)
    if first.startswith("> "):
        return f"<blockquote><p>{inline(' '.join(line[2:] for line in lines))}</p></blockquote>"
    return f"<p>{'<br>'.join(inline(line) for line in lines)}</p>"


def _table(given: Iterable[list[str]], inline: Callable[[str], str]) -> str:
    head, *body = given
    titles = "".join(f'<th scope="col">{inline(cell)}</th>' for cell in head)
    lines = ["".join(f"<td>{inline(cell)}</td>" for cell in row) for row in body]
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"
