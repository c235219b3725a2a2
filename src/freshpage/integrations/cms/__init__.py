"""django-cms: its page cache kept by freshpage.

``"freshpage.integrations.cms"`` in INSTALLED_APPS; every setting of django-cms stays.
"""
