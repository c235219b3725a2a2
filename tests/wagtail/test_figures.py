from __future__ import annotations

from tests.doors.conftest import status
from wagtail.models import Page


def test_try(valley):
    valley.warm(valley.paths())
    for path in valley.paths():
        a = valley.get(path)
        print(path, a.status_code, status(a), a.headers.get("Vary"), a.headers.get("cache-control"))

def pg(slug, lang="en"):
    return Page.objects.get(slug=slug, locale__language_code=lang).specific

def show(name, effect):
    print(f"== {name}: {effect}", "needless", sorted(effect.dropped-effect.changed), "stale", sorted(effect.stale), "changed", len(effect.changed))

def test_effects(valley):
    def text():
        p = pg("ridge-path"); p.summary = "Another summary"; p.save_revision().publish()
    show("text", valley.effect(text))
    def draft():
        p = pg("mill-path"); p.summary = "Draft summary"; p.title="Draft title"; p.save_revision()
    show("draft", valley.effect(draft))
    def title():
        p = pg("huts"); p.title = "Cabins"; p.save_revision().publish()
    show("menu title", valley.effect(title))
    from valley.models import Notice, Contact
    def notice():
        n = Notice.objects.get(); n.text = "Thaw"; n.save()
    show("snippet", valley.effect(notice))
    def notice():
        n = Notice.objects.get(); n.remark = "Thaw"; n.save()
    show("snippet remark", valley.effect(notice))
    def notice():
        n = Notice.objects.get(); n.text = "Thawing"; n.save_revision().publish()
    show("snippet publish", valley.effect(notice))
    def notice():
        n = Notice.objects.get(); n.text = "Thawing draft"; n.save_revision()
    show("snippet draft", valley.effect(notice))
    def contact():
        c = Contact.objects.get(); c.phone = "999"; c.save()
    show("setting", valley.effect(contact))
    def contact():
        c = Contact.objects.get(); c.keeper = "999"; c.save()
    show("setting, not shown", valley.effect(contact))
    from wagtail.images import get_image_model
    from valley.content import drawing
    def image():
        i = get_image_model().objects.get(); i.title = "Falcon"; i.save()
    show("image title", valley.effect(image))
    def image():
        i = get_image_model().objects.get(); i.file = drawing(30, "other.png"); i.save(); i.renditions.all().delete()
    show("image file", valley.effect(image))
    def move():
        pg("forest-path").move(pg("huts"), "last-child")
    show("move", valley.effect(move, "/en/huts/forest-path/"))
    def move():
        pg("news").move(pg("huts"), "left")
    show("menu order", valley.effect(move))
    def unpub():
        pg("saddle-hut").unpublish()
    show("unpublish", valley.effect(unpub))
    def delete():
        pg("saddle-hut", "de").delete()
    show("translation deleted", valley.effect(delete))
    from wagtail.models import PageViewRestriction
    def private():
        PageViewRestriction.objects.create(page=pg("bridge-open"), restriction_type="login")
    show("private", valley.effect(private)); valley.paths = lambda f=valley.paths: [p for p in f() if "bridge" not in p]
    from wagtail.models import Site
    def root():
        s = Site.objects.get(); s.site_name = "x"; s.save()
    show("site name", valley.effect(root))
    def root():
        s = Site.objects.get(); s.root_page = pg("huts"); s.save()
    show("site root", valley.effect(root))
