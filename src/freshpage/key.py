"""Keys: what finds an entry, encoded so that different inputs never meet.

A *primary key* names the page (scheme, host, path as the application sees it). Below it
hangs a small decision tree: a node holds either an entry or the axes to look at next;
the values of those axes lead to the next node. Every part is typed and length-prefixed,
so an absent header differs from an empty one and ("x", "yz") from ("xy", "z").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

Part = str | None


def encode(parts: Iterable[Part]) -> bytes:
    """Encode strings (or None for absent) injectively."""
    pieces = []
    for part in parts:
        if part is None:
            pieces.append(b"-")
        else:
            # surrogatepass: any str has exactly one encoding
            raw = part.encode("utf-8", "surrogatepass")
            pieces.append(b"%d:%b" % (len(raw), raw))
    return b"".join(pieces)


def primary_key(prefix: str, scheme: str, host: str, script: str, path: str) -> bytes:
    """The root of a page's tree.

    :param prefix: names the site and its build, so that two may share a store.
    :param script: the mount point (SCRIPT_NAME / root_path), apart from ``path``:
        ("/a", "/b") is not ("", "/a/b").
    """
    return b"P" + encode((prefix, scheme, host, script, path))


def variant_key(parent: bytes, axes: tuple[str, ...], values: tuple[Part, ...]) -> bytes:
    """The node reached from ``parent`` by the values of its axes.

    The names of the axes are part of the key: a node that comes to ask other questions
    never finds answers to the former ones. Asking at once or one after the other leads to
    the same node.
    """
    parts: list[Part] = [None] * (2 * len(axes))
    parts[::2], parts[1::2] = axes, values
    return parent + encode(parts)


def digest(key: bytes) -> bytes:
    """A short, fixed-length name (20 bytes) for a key outside the process."""
    return hashlib.blake2b(key, digest_size=20, person=b"freshpage-key").digest()
