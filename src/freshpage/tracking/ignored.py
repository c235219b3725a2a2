"""Tables whose rows no page shows, though renders read and write them."""

from __future__ import annotations

TABLES: set[str] = set()
