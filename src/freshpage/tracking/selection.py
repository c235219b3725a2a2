"""What a SELECT selects: where the columns are in a row of the answer, and who sees them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.db.models.expressions import Col, ColPairs, RawSQL

from freshpage.tracking.conditions import Key
from freshpage.tracking.expressions import Reads
from freshpage.tracking.shown import is_lazy, makes_so
from freshpage.tracking.untyped import Compiler, column_of

_QUOTED = re.compile(r"""["`]([^"`]+)["`]\.["`]([^"`]+)["`]""")


class Selection:
    """The expressions a SELECT selects.

    ``places``: of plain columns, in a row of the answer. ``exposed``: those columns that are
    handed out at once. ``is_lazy``: others are not, before they are asked for. ``computed``,
    ``counted``: what is read by expressions of a row, and by totals. ``ranked``: there are
    window functions.

    :param compiler: that has set up its SELECT.
    :param aliases: of the tables.
    """

    def __init__(self, compiler: Compiler, aliases: Collection[str]) -> None:
        expressions = [expression for expression, *_ in compiler.select]
        lazy = _lazy_places(compiler.klass_info, expressions)
        self.is_lazy = lazy is not None
        self.places: dict[Key, int] = {}
        self.exposed: set[Key] = set()
        self.computed, self.counted = Reads(), Reads()
        self.ranked = any(expression.contains_over_clause for expression in expressions)
        place = 0
        for expression in expressions:
            columns = expression.get_cols() if isinstance(expression, ColPairs) else [expression]
            for column in columns:
                key = _plain_column(column)
                if key is not None and key[0] in aliases:
                    self.places.setdefault(key, place)
                    if lazy is None or place not in lazy:
                        self.exposed.add(key)
                elif column.contains_aggregate:
                    self.counted.look([column])
                else:
                    self.computed.look([column])
                place += 1


def _plain_column(expression: Any) -> Key | None:
    """The column that is selected, if it is just that."""
    if isinstance(expression, Col):
        return (expression.alias, column_of(expression.target))
    if isinstance(expression, RawSQL) and not expression.params:
        # a prefetch selects the key it goes by so
        named = _QUOTED.fullmatch(expression.sql.strip("()"))
        return named and (named[1], named[2])
    return None


def _lazy_places(made: dict[str, Any] | None, expressions: list[Any]) -> set[int] | None:
    """The places of values that instances get when they are asked for; None: of none."""
    if made is None or any(isinstance(one, ColPairs) for one in expressions):
        return None
    lazy: set[int] = set()
    at_once: set[int] = set()
    pending = [made]
    while pending:
        info = pending.pop()
        model = info["model"]
        if not makes_so(model):
            return None
        for place in info["select_fields"]:
            column = expressions[place]
            if not isinstance(column, Col):
                return None  # values, which no instance is made of
            (lazy if is_lazy(model, column.target) else at_once).add(place)
        pending.extend(info.get("related_klass_infos", ()))
    return lazy - at_once
