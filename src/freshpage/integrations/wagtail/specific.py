"""A page's specific instance, made without asking for all of the page's columns.

Wagtail hands on what was set on the page beside its fields, and looks for it in all there is.
Within a render that would have asked for every column, those of drafts among them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import wraps
from typing import Any

from wagtail.models.specific import SpecificMixin

from freshpage.tracking.record import current
from freshpage.tracking.shown import Later

_get_specific = SpecificMixin.get_specific


@wraps(_get_specific)
def get_specific(
    self: Any,
    deferred: bool = False,
    copy_attrs: Collection[str] | None = None,
    copy_attrs_exclude: Collection[str] | None = None,
) -> Any:
    """As Wagtail's; what nobody asked for yet is still not asked for."""
    held = self.__dict__
    if current() is None or not isinstance(held, Later) or copy_attrs is not None or deferred:
        return _get_specific(self, deferred, copy_attrs, copy_attrs_exclude)
    specific = _get_specific(self, copy_attrs=())
    if specific is not self:
        fields = {field.attname for field in self._meta.concrete_fields}
        for name in [*dict.keys(held)]:
            left_out = name in fields or name in (copy_attrs_exclude or ())
            if not left_out and not dict.__contains__(specific.__dict__, name):
                specific.__dict__[name] = held[name]
    return specific


def install() -> None:
    """Put it in the place of Wagtail's."""
    SpecificMixin.get_specific = get_specific
