from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from cms.models import Placeholder
from cms.plugin_base import CMSPluginBase
from cms.plugin_pool import plugin_pool
from django.middleware.csrf import get_token
from django.utils import timezone

import freshpage
from tests.cms.site.models import Passage

# Called while a HookedPlugin renders, once its text has been read; set by tests.
HOOKS: list[Callable[[], object]] = []


class PassagePlugin(CMSPluginBase):
    model = Passage
    render_template = "cms_site/passage.html"
    name = "Passage"

    def text(self, context, instance):
        return instance.text

    def render(self, context, instance, placeholder):
        context = super().render(context, instance, placeholder)
        context["text"] = self.text(context, instance)
        return context


class SecondsPlugin(PassagePlugin):
    """Lives some seconds from now."""

    def get_cache_expiration(self, request, instance, placeholder):
        return timedelta(seconds=instance.seconds)


class MomentPlugin(PassagePlugin):
    """Lives until a moment."""

    def get_cache_expiration(self, request, instance, placeholder):
        return timezone.now() + timedelta(seconds=instance.seconds)


class ExpireNowPlugin(PassagePlugin):
    """Is over at once, but may be kept as such: not ``cache = False``."""

    def get_cache_expiration(self, request, instance, placeholder):
        return 0


class NeverPlugin(PassagePlugin):
    cache = False


class CountryPlugin(PassagePlugin):
    def get_vary_cache_on(self, request, instance, placeholder):
        return "Country-Code"

    def text(self, context, instance):
        return f"country {context['request'].META.get('HTTP_COUNTRY_CODE')!r}"


class ThemePlugin(PassagePlugin):
    """Reads a cookie without saying so."""

    def text(self, context, instance):
        return f"theme {context['request'].COOKIES.get('theme')}"


class TaggingPlugin(PassagePlugin):
    """Says by itself what it shows, as any code may."""

    def text(self, context, instance):
        freshpage.tag("weather")
        return instance.text


class BrokenPlugin(PassagePlugin):
    """Fails as long as its text says so."""

    def text(self, context, instance):
        if instance.text == "fails":
            raise RuntimeError("the weather service does not answer")
        return instance.text


class TokenPlugin(PassagePlugin):
    """A form: it hands out a CSRF token without saying so."""

    def text(self, context, instance):
        return f"token {get_token(context['request'])}"


class HookedPlugin(PassagePlugin):
    def text(self, context, instance):
        while HOOKS:
            HOOKS.pop()()
        return instance.text


class OtherPlaceholderPlugin(PassagePlugin):
    """Shows another placeholder, as an alias does; its text is the number of that."""

    def text(self, context, instance):
        renderer = context["request"].toolbar.content_renderer
        other = Placeholder.objects.get(pk=int(instance.text))
        return renderer.render_placeholder(other, context, use_cache=True)


for plugin in (
    PassagePlugin,
    SecondsPlugin,
    MomentPlugin,
    ExpireNowPlugin,
    NeverPlugin,
    CountryPlugin,
    TaggingPlugin,
    ThemePlugin,
    BrokenPlugin,
    TokenPlugin,
    HookedPlugin,
    OtherPlaceholderPlugin,
):
    plugin_pool.register_plugin(plugin)
