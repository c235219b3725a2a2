"""The menu, and the way up."""

from django import template
from wagtail.models import Site

register = template.Library()


@register.inclusion_tag("valley/menu.html", takes_context=True)
def menu(context):
    """The pages below the home page that are to be in menus, in the page's language."""
    request = context["request"]
    home = Site.find_for_request(request).root_page.localized
    return {"entries": home.get_children().live().in_menu(), "request": request}


@register.inclusion_tag("valley/trail.html", takes_context=True)
def trail(context):
    """The pages above this one."""
    page = context.get("page")
    above = page.get_ancestors().filter(depth__gt=1) if page else ()
    return {"above": above, "request": context["request"]}
