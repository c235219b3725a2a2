"""Edits that django-cms does not announce itself: rows saved by other code, rights, aliases."""

from __future__ import annotations

from typing import Any

from cms.models import CMSPlugin
from cms.utils.conf import get_cms_setting
from django.db.models import Model

from freshpage.integrations.cms.visit import TAG
from freshpage.invalidating import invalidate

# What pages are made of, beside plugins. A version is published by a change of its state.
_SHOWN = frozenset(
    {
        "cms.Page",
        "cms.PageContent",
        "cms.PagePermission",
        "cms.PageUrl",
        "djangocms_versioning.Version",
    }
)


def row_changed(sender: type[Model], **signal: Any) -> None:
    """Drop the pages when a row that pages are made of was saved or deleted."""
    shown = sender._meta.label in _SHOWN or issubclass(sender, CMSPlugin)
    if shown and get_cms_setting("PAGE_CACHE"):
        invalidate(TAG)
