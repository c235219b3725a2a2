"""django-cms's cache of a page's X-Frame-Options, in freshpage's store."""

from __future__ import annotations

import time
from typing import Any

from cms.utils.conf import get_cms_setting

from freshpage.entry import Entry
from freshpage.integrations.cms.visit import TAG, note, sequence_now
from freshpage.key import encode
from freshpage.performing import tell
from freshpage.runtime import Runtime, runtime_or_none
from freshpage.sequence import Standing

XFRAME_TAG = f"{TAG}-xframe"
_SEEN = "_freshpage_sequence"  # S0, on a page whose value is to be worked out


def get_xframe_cache(page: Any) -> int | None:
    """The X-Frame-Options of a page (a constant of django-cms); None: not known."""
    runtime = runtime_or_none()
    if runtime is None:
        return None
    try:
        held = runtime.store.get(_key(runtime, page))
    except Exception as fault:
        tell("the store did not answer get", fault)
        held = None
    node = held.node if held is not None and held.standing is Standing.VALID else None
    if isinstance(node, Entry) and node.expires > time.time():
        return int(node.body)
    page.__dict__[_SEEN] = sequence_now()
    return None


def set_xframe_cache(page: Any, xframe_options: int) -> None:
    """Keep the X-Frame-Options of a page until something of django-cms changes."""
    runtime = runtime_or_none()
    sequence = page.__dict__.pop(_SEEN, None) or sequence_now()
    if runtime is None or sequence is None:
        return
    life = get_cms_setting("CACHE_DURATIONS")["content"]
    entry = note(sequence, (TAG, XFRAME_TAG), b"%d" % xframe_options, life)
    try:
        runtime.store.put(_key(runtime, page), entry)
    except Exception as fault:
        tell("the store did not answer put", fault)


def _key(runtime: Runtime, page: Any) -> bytes:
    return b"cms-xframe:" + encode((runtime.settings.key_prefix, str(page.pk)))
