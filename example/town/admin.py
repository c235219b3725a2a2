"""Places and their hours in the admin."""

from django.contrib import admin

from town.models import Hours, Place


class HoursInline(admin.TabularInline):
    model = Hours
    extra = 1


@admin.register(Place)
class PlaceAdmin(admin.ModelAdmin):
    list_display = ["name_en", "name_de", "address"]
    prepopulated_fields = {"key": ["name_en"]}
    inlines = [HoursInline]
