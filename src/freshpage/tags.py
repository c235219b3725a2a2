"""Tags as entries and stores have them: digests of eight bytes each, packed into one string.

A page may have hundreds of tags. So packed they take eight bytes each, whatever they are
called, and a store that judges them makes no object of each.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache

SIZE = 8  # bytes a tag


@lru_cache(maxsize=16384)
def tag_digest(tag: str) -> bytes:
    """A short name of a fixed length for a tag.

    Two tags that met would be invalidated together: too wide, never too narrow.
    """
    # surrogatepass: any str has exactly one encoding
    name = tag.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(name, digest_size=SIZE, person=b"freshpage-tag").digest()


def packed(tags: Iterable[str], others: bytes = b"") -> bytes:
    """Tags as an entry has them: each once, in one order.

    :param others: that are packed already.
    """
    return b"".join(sorted({*map(tag_digest, tags), *split(others)}))


def split(tags: bytes) -> list[bytes]:
    """The digests one by one."""
    return [tags[at : at + SIZE] for at in range(0, len(tags), SIZE)]


def tag_numbers(tags: bytes) -> tuple[int, ...]:
    """The digests as numbers of 64 bits, for stores that know nothing better."""
    return struct.unpack(f">{len(tags) // SIZE}q", tags)


def tag_number(tag: str) -> int:
    """The same of one tag."""
    return tag_numbers(tag_digest(tag))[0]
