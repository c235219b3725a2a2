"""A small django CMS site: plugins that say of themselves what plugins can say."""
