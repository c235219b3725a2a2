"""Renditions: rows that are made while a page renders, and show nothing the image does not.

That one is missing is no page's business, for whoever wants it makes it. So a page depends on
the renditions it shows, and on no question for them; and making one ends no page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.utils.functional import classproperty
from wagtail.images.models import AbstractImage, AbstractRendition

from freshpage.integrations.wagtail.derived import MadeAnew
from freshpage.tracking.database import showing
from freshpage.tracking.record import current, recording


def install() -> None:
    """Have renditions looked for and made without a note, and noted where they are shown."""
    cache_backend = vars(AbstractRendition)["cache_backend"].fget

    def seen_by_no_page(cls: Any) -> MadeAnew:
        return MadeAnew(lambda: cache_backend(cls))

    AbstractRendition.cache_backend = classproperty(seen_by_no_page)
    for name in ("find_existing_renditions", "create_renditions"):
        setattr(AbstractImage, name, _noting(getattr(AbstractImage, name), several=True))
    AbstractImage.create_rendition = _noting(AbstractImage.create_rendition, several=False)


def _noting(method: Callable[..., Any], *, several: bool) -> Callable[..., Any]:
    """What a method finds or makes is shown; what it asks for is not noted."""

    @wraps(method)
    def noted(image: Any, *filters: Any) -> Any:
        if current() is None or image._get_prefetched_renditions() is not None:
            return method(image, *filters)
        show = showing(image.get_rendition_model())
        with recording(None):
            found = method(image, *filters)
        show(found.values() if several else [found])
        return found

    return noted
