"""The example's addresses, and views that use more of Wagtail."""

from __future__ import annotations

from django.http import HttpResponse
from django.template import Context, Template
from django.urls import path
from valley.models import Notice, StoryPage
from valleysite.urls import urlpatterns as of_the_example
from wagtail.contrib.search_promotions.models import Query
from wagtail.coreutils import get_locales_display_names
from wagtail.images import get_image_model
from wagtail.images.views.serve import ServeView
from wagtail.models import Page
from wagtail.rich_text import expand_db_html

from tests.wagtail.more.models import Hint

FRAGMENT = """{% load wagtail_cache %}{{ name }}
{% wagtailcache 600 "notice" %}{{ notices.get.text }}{% endwagtailcache %}"""
PAGE_FRAGMENT = """{% load wagtail_cache %}
{% wagtailpagecache 600 "summary" %}{{ page.summary }}{% endwagtailpagecache %}"""

SEASON = "{% load wagtailsettings_tags %}{% get_settings %}{{ settings.more.Season.name }}"


def shown(template: str, request, **context) -> HttpResponse:
    return HttpResponse(Template(template).render(Context({"request": request, **context})))


def fragment(request, name: str) -> HttpResponse:
    return shown(FRAGMENT, request, name=name, notices=Notice.objects)


def page_fragment(request) -> HttpResponse:
    story = StoryPage.objects.get(slug="mill-path", locale__language_code="en")
    return shown(PAGE_FRAGMENT, request, page=story)


def specific(request) -> HttpResponse:
    walks = Page.objects.get(slug="walks", locale__language_code="en")
    return HttpResponse("\n".join(one.summary for one in walks.get_children().live().specific()))


def found(request) -> HttpResponse:
    return HttpResponse("\n".join(one.title for one in Page.objects.live().search("wheel")))


def search(request) -> HttpResponse:
    """As in the view that a new project of Wagtail has."""
    text = request.GET.get("query", "")
    home = Page.objects.get(depth=2, locale__language_code="en")
    pages = Page.objects.live().descendant_of(home).search(text)
    titles = [page.title for page in pages]
    if "counted" in request.GET:
        query = Query.get(text)
        query.add_hit()
        titles = [pick.description for pick in query.editors_picks.all()] + titles
    return HttpResponse(", ".join(titles))


def rich_text(request) -> HttpResponse:
    story = Page.objects.get(title="Mill path")
    image = get_image_model().objects.get()
    return HttpResponse(
        expand_db_html(
            f'<a linktype="page" id="{story.pk}">mill</a>'
            f'<embed embedtype="image" id="{image.pk}" format="left" alt="k"/>'
            '<embed embedtype="media" url="https://video.example/1"/>'
        )
    )


def locales(request) -> HttpResponse:
    return HttpResponse(", ".join(sorted(get_locales_display_names().values())))


def hints(request, language: str) -> HttpResponse:
    found = Hint.objects.filter(live=True, locale__language_code=language).order_by("pk")
    return HttpResponse(", ".join(hint.text for hint in found))


def season(request) -> HttpResponse:
    return shown(
        "{% load wagtailsettings_tags %}{% get_settings %}{{ settings.more.Season.name }}", request
    )


def rendition(request, spec: str) -> HttpResponse:
    return HttpResponse(get_image_model().objects.get().get_rendition(spec).url)


urlpatterns = [
    path("fragment/<name>/", fragment),
    path("page-fragment/", page_fragment),
    path("specific/", specific),
    path("found/", found),
    path("search/", search),
    path("rich-text/", rich_text),
    path("locales/", locales),
    path("hints/<language>/", hints),
    path("season/", season),
    path("rendition/<spec>/", rendition),
    path("images/<signature>/<int:image_id>/<filter_spec>/", ServeView.as_view(), name="served"),
    *of_the_example,
]
