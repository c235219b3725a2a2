"""What placeholders say of themselves: lifetime, Vary, tags, also when django-cms takes them
from its own cache.

Each placeholder renders into a record of its own. What is in it at the end is kept beside
the content in django-cms's placeholder cache, and declared for whatever the placeholder is
part of: a page, or another placeholder.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from cms.cache.placeholder import clear_placeholder_cache as _clear
from cms.cache.placeholder import get_placeholder_cache as _get
from cms.cache.placeholder import set_placeholder_cache as _set
from cms.constants import MAX_EXPIRATION_TTL
from cms.plugin_rendering import ContentRenderer
from cms.utils.helpers import get_header_name
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils import timezone

from freshpage.cacheability import Cacheability
from freshpage.integrations.cms.visit import TAG, made_for_one, standing_since, visit_of
from freshpage.invalidating import invalidate
from freshpage.request import HEADER
from freshpage.sequence import Sequence, Standing
from freshpage.tracking.cached_values import unseen
from freshpage.tracking.record import Record, current, recording

_KEPT = "freshpage"  # where a cached placeholder has what it says of itself

_render = ContentRenderer.render_placeholder
_render_exception = ContentRenderer.render_exception
_preload = ContentRenderer._preload_placeholders_for_page


def tag_of(placeholder: Any) -> str:
    """The tag of what shows a placeholder."""
    return f"{TAG}-placeholder:{placeholder.pk}"


def render_placeholder(
    self: Any,
    placeholder: Any,
    context: Any,
    language: str | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Render a placeholder, or take it from the cache, and declare what it says of itself."""
    visit = visit_of(self.request)
    outer = visit.record
    inner = outer.part()
    if not hasattr(placeholder, "_page") and not _is_of(placeholder, "cms", "pagecontent"):
        placeholder.page = None  # it would be looked for among the contents of all pages
    was_disabled = self.toolbar._cache_disabled
    with recording(inner):
        content = _render(self, placeholder, context, language, *args, **kwargs)
    if (
        _is_of(placeholder, "djangocms_alias", "aliascontent")
        and self.placeholder_cache_is_enabled()
    ):
        # djangocms-alias does not ask for the cache, but its plugins say what they may
        self.toolbar._cache_disabled = was_disabled
    if reason := made_for_one(self.request):
        inner.refuse(reason)
    elif self.toolbar._cache_disabled:
        inner.refuse("cms-toolbar")
    elif tag_of(placeholder) not in inner.tags:
        kept = visit.fragments.get((placeholder.pk, language or self.request_language))
        if kept is None:
            _ask(placeholder, self.request, inner)
        else:
            _recall(kept, inner)
    if preloaded := visit.preloaded.get(placeholder.pk):
        outer.absorb(preloaded)  # by now it is known what of it is shown
    outer.absorb(inner)
    return content


def _is_of(placeholder: Any, app: str, model: str) -> bool:
    """Whether a placeholder belongs to a model's instance."""
    if placeholder.content_type_id is None or not apps.is_installed(app):
        return False
    kind = ContentType.objects.get_by_natural_key(app, model)
    return bool(placeholder.content_type_id == kind.pk)


def preload(self: Any, page: Any, *args: Any, **kwargs: Any) -> Any:
    """Read the plugins of all placeholders of a page: each of them depends on that."""
    visit = visit_of(self.request)
    outer = visit.record
    part = outer.part()
    with recording(part):
        _preload(self, page, *args, **kwargs)
    outer.absorb(part)
    for placeholder in self._placeholders_by_page_cache.get(page.pk, {}).values():
        visit.preloaded[placeholder.pk] = part


def render_exception(self: Any, *args: Any, **kwargs: Any) -> Any:
    """What stands in for a placeholder with a plugin that failed: it is shown, not kept."""
    record = current()
    if record is not None:
        record.refuse("plugin-failed")
    return _render_exception(self, *args, **kwargs)


def _ask(placeholder: Any, request: HttpRequest, record: Record) -> tuple[str, ...]:
    """Have a placeholder's plugins say how long they live and what they vary on.

    :returns: the names of the header fields.
    """
    ttl = placeholder.get_cache_expiration(request, timezone.now())
    names = tuple(placeholder.get_vary_cache_on(request))
    if ttl <= 0:  # EXPIRE_NOW
        record.refuse("expire-now")
    record.declare(
        Cacheability(
            ttl=ttl if 0 < ttl < MAX_EXPIRATION_TTL else None,
            axes=_axes(names),
            tags=frozenset({TAG, tag_of(placeholder)}),
        )
    )
    return names


def _axes(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([HEADER + name.lower() for name in names])


def _recall(kept: dict[str, Any], record: Record) -> None:
    """Declare what was kept of a placeholder; its time has run since."""
    until = kept["until"]
    ttl = None if until is None else max(0.0, until - time.time())
    record.declare(Cacheability(ttl, tuple(kept["axes"]), frozenset(kept["tags"])))


# -- django-cms's placeholder cache, as its renderer uses it ----------------------------------


def set_placeholder_cache(
    placeholder: Any, lang: str, site_id: int, content: dict[str, Any], request: HttpRequest
) -> None:
    """Keep a rendered placeholder, with what it says of itself.

    One that must not be kept is not put there, nor one that varies on more than it declares:
    through what it contains, or what its plugins read; for django-cms's key has just that.
    """
    if made_for_one(request):
        return
    record = current() or Record()
    names = _ask(placeholder, request, record)
    visit = visit_of(request)
    sequence, said = visit.sequence, record.cacheability
    preloaded = visit.preloaded.get(placeholder.pk)
    tags = said.tags | (preloaded.cacheability.tags if preloaded else frozenset())
    undeclared = set(said.axes) - set(_axes(names))
    if undeclared or record.doubt or record.refusal or record.loss or sequence is None:
        return
    kept = {
        "until": None if said.ttl is None else time.time() + said.ttl,
        "axes": said.axes,
        "tags": tuple(tags),
        "sequence": tuple(sequence),
        "values": _values(names, request),
    }
    with unseen():
        _set(placeholder, lang, site_id, {**content, _KEPT: kept}, request)


def get_placeholder_cache(
    placeholder: Any, lang: str, site_id: int, request: HttpRequest
) -> dict[str, Any] | None:
    """A placeholder from the cache, unless something it shows has changed since.

    django-cms clears it before the edit is committed, and a render that goes on meanwhile
    puts the old content back: so this goes by the sequence, as pages do. And it tells an
    absent field from an empty one, which django-cms's key does not.
    """
    visit = visit_of(request)
    with unseen():  # what it is made of is kept in it
        content: dict[str, Any] | None = _get(placeholder, lang, site_id, request)
    kept = content.get(_KEPT) if isinstance(content, dict) else None
    if content is None or kept is None:
        return None
    names = [axis.removeprefix(HEADER) for axis in kept["axes"]]
    if kept["values"] != _values(names, request):
        return None
    if standing_since(Sequence(*kept["sequence"]), kept["tags"]) is not Standing.VALID:
        return None
    visit.fragments[placeholder.pk, lang] = kept
    return content


def _values(names: Iterable[str], request: HttpRequest) -> dict[str, str | None]:
    return {name.lower(): request.META.get(get_header_name(name)) for name in names}


def clear_placeholder_cache(placeholder: Any, lang: str, site_id: int) -> None:
    """Forget a placeholder: at once here, and for everybody when the edit is committed."""
    with unseen():
        _clear(placeholder, lang, site_id)
    invalidate(tag_of(placeholder))
