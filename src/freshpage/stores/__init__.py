"""Stores: where entries and tag sequences are kept; `open_store` makes one from a URL."""

from freshpage.stores.base import WAIT, Held, Peek, Store, StoreError, StoreStats
from freshpage.stores.opening import open_store

__all__ = ["WAIT", "Held", "Peek", "Store", "StoreError", "StoreStats", "open_store"]
