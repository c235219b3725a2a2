"""Writes the valley's pages: a small site in two languages."""

from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from PIL import Image as Drawing
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Collection, Locale, Page, Site

from valley.models import Contact, HomePage, Notice, Related, SectionPage, StoryPage

PLAN = {
    "Walks": ("Ridge path", "Lake path", "Mill path", "Forest path"),
    "Huts": ("Kestrel hut", "Larch hut", "Saddle hut"),
    "News": ("Bridge open", "Snow on the saddle", "New timetable"),
}


def drawing(shade, name="kestrel.png"):
    """A picture file of one colour."""
    held = BytesIO()
    Drawing.new("RGB", (240, 160), (shade, 120, 90)).save(held, "PNG")
    held.seek(0)
    return ImageFile(held, name=name)


def build(hostname="localhost", port=8000):
    """The whole site; the English home page."""
    english = Locale.objects.get_or_create(language_code="en")[0]
    german = Locale.objects.get_or_create(language_code="de")[0]
    if Collection.get_first_root_node() is None:
        Collection.add_root(name="Root")
    root = Page.get_first_root_node() or Page.add_root(title="Root", slug="root")
    home = HomePage(title="Kestrel Valley", slug="valley", locale=english, intro="<p>Welcome.</p>")
    root.add_child(instance=home)
    # Wagtail's own welcome page makes way
    Site.objects.all().delete()
    root.get_children().exclude(pk=home.pk).delete()
    site = Site.objects.create(
        hostname=hostname, port=port, root_page=home, is_default_site=True, site_name="Valley"
    )
    Contact.objects.create(site=site, phone="0123", keeper="Ann")
    notice = Notice.objects.create(text="The lake is frozen", remark="until spring")
    picture = get_image_model().objects.create(title="A kestrel", file=drawing(200))
    table = get_document_model().objects.create(
        title="Timetable", file=ContentFile(b"8:10\n9:10\n", name="timetable.txt")
    )
    stories = _sections(home, {"notice": notice, "picture": picture, "document": table})
    Related.objects.create(story=stories["Lake path"], page=stories["Larch hut"])
    for page in Page.objects.filter(locale=english, depth__gt=1).order_by("path").specific():
        _translate(page, german)
    return HomePage.objects.get(pk=home.pk)


def _sections(home, parts):
    stories = {}
    for title, names in PLAN.items():
        section = SectionPage(title=title, show_in_menus=True, intro=f"<p>All {title}.</p>")
        home.add_child(instance=section)
        for number, name in enumerate(names):
            stories[name] = _story(section, name, number, parts)
    return stories


def _story(section, name, number, parts):
    body = [("text", f"<p>About the {name}.</p>")]
    if number == 0:
        body.append(("notice", parts["notice"]))
    if number == 1:
        body.append(("picture", parts["picture"]))
    if name == "New timetable":
        body.append(("document", parts["document"]))
    story = StoryPage(title=name, summary=f"{name}, in short", body=body)
    section.add_child(instance=story)
    story.save_revision().publish()
    return story


def _translate(page, german):
    copied = page.copy_for_translation(german, copy_parents=True)
    copied.title = f"{page.title} (de)"
    copied.draft_title = copied.title
    copied.show_in_menus = page.show_in_menus
    copied.save_revision().publish()
