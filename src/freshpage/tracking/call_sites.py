"""Whether a call's result can only end up as the bound of a query.

``filter(date__lte=timezone.now())`` shows nobody the time: it depends on it where the bound
meets a row, and that can be worked out. This is told from the source around the call:
it is the value of a keyword such as ``date__lte`` of a filter, or is assigned to a local
name that is used for nothing else.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from types import CodeType, FrameType

_FILTERS = frozenset({"Q", "exclude", "filter"})
_BOUNDS = ("__gt", "__gte", "__lt", "__lte")
# what a function can look its own names up with
_LOOKS = frozenset({"locals", "vars", "eval", "exec"})


def is_only_a_bound(frame: FrameType) -> bool:
    """Whether the call that a frame is in the middle of makes a bound, and nothing else."""
    return _is_only_a_bound(frame.f_code, frame.f_lasti, frame.f_globals.get("__name__", ""))


@lru_cache(maxsize=1024)
def _is_only_a_bound(code: CodeType, instruction: int, module: str) -> bool:
    position = list(code.co_positions())[instruction // 2]
    tree = _parsed(code.co_filename)
    if tree is None or None in position:
        return False
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            parents = {
                child: parent
                for parent in ast.walk(function)
                for child in ast.iter_child_nodes(parent)
            }
            for node in parents:
                if isinstance(node, ast.Call) and _place(node) == position:
                    return _bounds(node, parents) or _bounds_by_name(node, parents, function)
    return False


def _place(node: ast.expr) -> tuple[int | None, ...]:
    return (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)


@lru_cache(maxsize=64)
def _parsed(filename: str) -> ast.Module | None:
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError):
        return None


def _bounds(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a value is that of a bound's keyword."""
    keyword = parents.get(node)
    if not isinstance(keyword, ast.keyword) or not (keyword.arg or "").endswith(_BOUNDS):
        return False
    call = parents.get(keyword)
    name = call.func if isinstance(call, ast.Call) else None
    if isinstance(name, ast.Attribute):
        return name.attr in _FILTERS
    return isinstance(name, ast.Name) and name.id in _FILTERS


def _bounds_by_name(node: ast.AST, parents: dict[ast.AST, ast.AST], function: ast.AST) -> bool:
    assign = parents.get(node)
    if not isinstance(assign, ast.Assign) or len(assign.targets) != 1:
        return False
    (target,) = assign.targets
    if not isinstance(target, ast.Name):
        return False
    names = [one for one in parents if isinstance(one, ast.Name)]
    if any(one.id in _LOOKS for one in names):
        return False
    if any(isinstance(one, ast.Global | ast.Nonlocal) for one in ast.walk(function)):
        return False
    uses = [one for one in names if one.id == target.id and isinstance(one.ctx, ast.Load)]
    return all(_bounds(one, parents) for one in uses)
