"""freshpage and Wagtail 7."""
