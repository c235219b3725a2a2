"""Seeing calls of functions that others have imported by name.

Replacing a module's attribute misses who did ``from module import function``. So the
function itself is changed: its code calls a wrapper, which calls a copy of what it was.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from types import FunctionType
from typing import Any

_PLACE = "_freshpage_seen"


def see(function: Any, wrapper: Callable[..., Any]) -> None:
    """Have a function's calls go through ``wrapper(original, *args, **options)``."""
    original = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    original.__kwdefaults__ = function.__kwdefaults__
    seen = function.__globals__.setdefault(_PLACE, {})
    seen[function.__name__] = lambda *args, **options: wrapper(original, *args, **options)
    code = compile(
        f"def {function.__name__}(*args, **options):\n"
        f"    return {_PLACE}[{function.__name__!r}](*args, **options)\n",
        function.__code__.co_filename,
        "exec",
    )
    function.__signature__ = signature(function)  # templates check their filters by it
    function.__defaults__ = function.__kwdefaults__ = None
    function.__code__ = next(one for one in code.co_consts if hasattr(one, "co_code"))
