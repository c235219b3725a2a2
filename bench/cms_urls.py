"""The site's URLs where its page is one of django-cms."""

from django.urls import include, path

from bench.site import count

urlpatterns = [path("renders/", count), path("", include("cms.urls"))]
