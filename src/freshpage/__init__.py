"""freshpage: the page cache for Django."""

from freshpage.declaring import limit, private, tag, until, vary_on
from freshpage.invalidating import invalidate, purge

__version__ = "0.1.0"

__all__ = ["invalidate", "limit", "private", "purge", "tag", "until", "vary_on"]
