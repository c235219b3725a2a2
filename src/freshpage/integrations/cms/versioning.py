"""djangocms-versioning: of a thing's versions only the published one shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from djangocms_versioning.constants import PUBLISHED
from djangocms_versioning.models import Version

from freshpage.tracking.published import Register, watch_register

_identities: dict[str, tuple[str, ...]] = {}


def watch_versions() -> None:
    """Take the published contents of all versioned models for tables of their own."""
    watch_register(
        Register(
            table=Version._meta.db_table,
            kind="content_type_id",
            key="object_id",
            state="state",
            published=PUBLISHED,
            identities=_versioned,
            table_of=_table_of,
        )
    )


def _versioned() -> Mapping[str, tuple[str, ...]]:
    """What tells the contents of each versioned model apart; known once all apps are ready."""
    if not _identities and apps.ready:
        app: Any = apps.get_app_config("djangocms_versioning")
        for versionable in app.cms_extension.versionables:
            options = versionable.content_model._meta
            fields = [options.get_field(name) for name in versionable.grouping_fields]
            _identities[options.db_table] = tuple(field.column for field in fields)
    return _identities


def _table_of(content_type: Any) -> str:
    model = ContentType.objects.get_for_id(content_type).model_class()
    return model._meta.db_table if model else ""
