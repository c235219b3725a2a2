"""What gunicorn serves: Django, and freshpage in front of it."""

import os

from django.core.wsgi import get_wsgi_application

from freshpage.wsgi import PageCache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valleysite.settings")

application = PageCache(get_wsgi_application())
