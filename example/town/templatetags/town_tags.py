"""Template tags of the town: its drawings, its calendar."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from town import artwork

register = template.Library()


@register.simple_tag
def arms() -> SafeString:
    return mark_safe(artwork.ARMS)


@register.simple_tag
def landscape(seed: object) -> SafeString:
    return mark_safe(artwork.landscape(seed))


@register.simple_tag
def section_icon(page: object) -> SafeString:
    """The icon of a page of django-cms; the key of ours is its id."""
    return mark_safe(artwork.icon(getattr(page, "reverse_id", None) or ""))


@register.filter
def item(sequence: list[str], index: int) -> str:
    return sequence[index]


@register.filter
def day_name(moment: datetime | None, words: dict) -> str:
    """The weekday of ``moment`` where it is not today."""
    today: date = timezone.localdate()
    if moment is None or moment.date() == today:
        return ""
    return str(words["weekdays"][moment.weekday()])
