"""A small django-cms site: plugins that say of themselves what plugins can say."""
