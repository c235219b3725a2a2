"""What ``manage.py freshpage`` does: for whoever changes data past Django, and for operators.

Each function returns what there is to say of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connections, router
from django.db.models import Model

from freshpage.cacheability import EVERYTHING, canonical_tag
from freshpage.invalidating import place_tag
from freshpage.runtime import runtime, runtimes
from freshpage.stores.base import StoreError
from freshpage.tracking.database import tags_of
from freshpage.tracking.shapes import Change
from freshpage.tracking.untyped import column_of


def invalidate(names: Iterable[str], *, soft: bool = False) -> str:
    """Drop the pages that carry tags, or may show rows of models.

    :param names: tags; "app.Model" for all rows of a model, "app.Model:pk" for one.
    :param soft: the pages may still be served while they are rendered anew.
    :raises ValueError: for what is neither a tag nor a model, or no key of its rows.
    :raises SettingError, StoreError: when the store can't be told.
    """
    names = list(names)
    tags: set[str] = set()
    for name in names:
        tags |= _tags(name)
    _send(frozenset(tags), soft=soft)
    return f"invalidated{' softly' if soft else ''}: {', '.join(names)}"


def purge(urls: Iterable[str], prefixes: Iterable[str], *, everything: bool = False) -> str:
    """Drop pages by where they are.

    :param urls: paths, or absolute URLs.
    :param prefixes: the same, ending in "/": all that lies below.
    :raises ValueError: for what is no place, or when nothing is given.
    :raises SettingError, StoreError: when the store can't be told.
    """
    urls, prefixes = list(urls), list(prefixes)
    tags = {place_tag(url) for url in urls} | {place_tag(prefix=each) for each in prefixes}
    said = [*urls, *(f"{prefix}*" for prefix in prefixes)]
    if everything:
        tags, said = {EVERYTHING}, ["everything"]
    if not tags:
        raise ValueError("what to purge? A URL, --prefix PREFIX or --everything")
    _send(frozenset(tags), soft=False)
    return f"purged: {', '.join(said)}"


def status() -> str:
    """What this site's store holds, as far as it can tell.

    :raises SettingError, StoreError: when it can't be asked.
    """
    ours = runtime()
    sequence, stats = ours.store.sequence(), ours.store.stats()
    lines = [
        ("store", _without_password(ours.settings.store)),
        ("sequence", f"{sequence.number} of life {sequence.epoch:x}"),
        ("entries", "not counted" if stats.entries is None else f"{stats.entries:,}"),
        ("bytes", "not counted" if stats.bytes is None else f"{stats.bytes:,}"),
        ("build", ours.settings.build),
        ("key prefix", ours.settings.key_prefix or "none"),
    ]
    return "\n".join(f"{name + ':':<12}{value}" for name, value in lines)


def _tags(name: str) -> set[str]:
    """The tags a name on the command line stands for."""
    place, colon, key = name.partition(":")
    label, dot, model_name = place.partition(".")
    if not dot or label not in apps.app_configs:
        return {canonical_tag(name)}
    try:
        model = apps.get_model(label, model_name)
    except LookupError as fault:
        known = ", ".join(sorted(each.__name__ for each in apps.get_app_config(label).get_models()))
        raise ValueError(f"{label} has no model {model_name!r}; it has {known}") from fault
    return row_tags(model, _key(model, key) if colon else None) | {canonical_tag(name)}


def _key(model: type[Model], given: str) -> Any:
    fields = model._meta.pk_fields
    parts = given.split(",") if len(fields) > 1 else [given]
    try:
        if len(parts) != len(fields):
            raise ValidationError(f"it has {len(fields)} parts, with a comma between them")
        values = tuple(field.to_python(part) for field, part in zip(fields, parts, strict=True))
        return values if len(values) > 1 else values[0]
    except ValidationError as fault:
        wrong = f"{given!r} is no primary key of {model._meta.label}"
        raise ValueError(f"{wrong}: {' '.join(fault.messages)}") from fault


def row_tags(model: type[Model], key: Any = None) -> set[str]:
    """The tags of all pages that may show a model's rows, or the one with a key.

    What a row was before it was changed is not known here: the lists it may have come into or
    left are dropped whatever they ask for. Too wide is allowed, too narrow never.

    :param key: as the model's primary key field has it; None: any row.
    """
    return set(tags_of([*_changes(model._meta.concrete_model or model, key)]))


def _changes(model: type[Model], key: Any) -> Iterator[Change]:
    """A row of a model, its rows of parent models, and what it is joined with many-to-many."""
    options = model._meta
    yield _change(model, options.pk_fields, key)
    for field in options.local_many_to_many:
        through: Any = field.remote_field.through
        if through._meta.auto_created:
            yield _change(through, [through._meta.get_field(field.m2m_field_name())], key)
    for parent, link in options.parents.items():
        yield from _changes(parent, key if link is not None and link.primary_key else None)


def _change(model: type[Model], fields: Sequence[Any], key: Any) -> Change:
    """All that may have happened to a row of which the key is known, or nothing."""
    name = model._meta.db_table
    if key is None:
        return Change(name)
    connection = connections[router.db_for_read(model)]
    values = key if isinstance(key, tuple) else (key,)
    row = {
        column_of(field): field.get_db_prep_save(value, connection)
        for field, value in zip(fields, values, strict=True)
    }
    return Change(name, row, row)


def _send(tags: frozenset[str], *, soft: bool) -> None:
    if runtime().settings.store == "memory":
        raise StoreError(
            "STORE is 'memory': each process has a store of its own, which no other can reach"
        )
    for each in runtimes():
        try:
            each.store.invalidate(tags, soft=soft)
        except Exception as fault:
            raise StoreError(f"nothing was invalidated: {fault}") from fault


def _without_password(url: str) -> str:
    """A store's URL, for people to read."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:***@{host}").geturl()
