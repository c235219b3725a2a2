"""The town's plugins, each with another claim on the cache."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cms.models import PageContent, PageUrl
from cms.plugin_base import CMSPluginBase
from cms.plugin_pool import plugin_pool
from django.utils import timezone
from django.utils.translation import get_language

from town import hours, models, queue


class TownPlugin(CMSPluginBase):
    module = "Town"

    def render(self, context, instance, placeholder):
        context = super().render(context, instance, placeholder)
        context.update(self.shown(instance, context["request"]))
        return context

    def shown(self, instance, request) -> dict[str, Any]:
        """What the template is given besides the instance."""
        raise NotImplementedError


@plugin_pool.register_plugin
class OpeningHoursPlugin(TownPlugin):
    """Lives until what it says changes: the next opening, closing or midnight."""

    model = models.OpeningHours
    name = "Opening hours"
    render_template = "town/plugins/opening_hours.html"

    def get_cache_expiration(self, request, instance, placeholder) -> datetime:
        return hours.next_change(instance.place.week(), timezone.localtime())

    def shown(self, instance, request):
        now, week = timezone.localtime(), instance.place.week()
        days = [(day, [span for span in week if span.weekday == day]) for day in range(7)]
        return {
            "place": instance.place,
            "name": instance.place.name(get_language()),
            "days": days,
            "today": now.weekday(),
            "closes": hours.closing(week, now),
            "opens": hours.next_opening(week, now),
        }


@plugin_pool.register_plugin
class TeaserListPlugin(TownPlugin):
    """Shows other pages: it changes when one of them is published."""

    model = models.TeaserList
    name = "List of pages"
    render_template = "town/plugins/teaser_list.html"

    def shown(self, instance, request):
        section = instance.section or request.current_page
        teasers = _teasers(instance, section, instance.language) if section else []
        return {"teasers": teasers}


def _teasers(wanted, section, language) -> list[dict]:
    below = PageContent.objects.filter(language=language).select_related("page")
    if wanted.which == models.TeaserList.CHILDREN:
        below = below.filter(page__parent=section).order_by("page__path")
    else:
        below = below.filter(
            page__path__startswith=section.path, page__depth__gt=section.depth, page__numchild=0
        ).order_by("-page__creation_date", "-page__path")
    contents = list(below[: wanted.limit])
    urls = PageUrl.objects.filter(
        language=language, page__in=[content.page_id for content in contents]
    )
    paths = {url.page_id: url.get_absolute_url(language) for url in urls}
    return [
        {
            "url": paths.get(content.page_id),
            "title": content.title,
            "summary": content.meta_description,
            "date": content.page.creation_date,
            "page": content.page,
        }
        for content in contents
    ]


@plugin_pool.register_plugin
class RegionNoticePlugin(TownPlugin):
    """One text for each value of a request header, which the proxy in front is to set."""

    model = models.RegionNotice
    name = "Notice by region"
    render_template = "town/plugins/region_notice.html"

    def get_vary_cache_on(self, request, instance, placeholder) -> str:
        return "X-Region"

    def shown(self, instance, request):
        region = request.headers.get("X-Region", "")
        return {
            "text": instance.text_for(region),
            "region": region if region in ("north", "south") else "",
        }


@plugin_pool.register_plugin
class WaitingTimePlugin(TownPlugin):
    """True only at the moment it is asked for, so never cached, nor the page it is on."""

    model = models.WaitingTime
    name = "Waiting time"
    render_template = "town/plugins/waiting_time.html"
    cache = False

    def shown(self, instance, request):
        now = timezone.localtime()
        return {
            "desks": queue.desks(instance.desks, now),
            "now": now,
        }
