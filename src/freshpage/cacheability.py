"""Cacheability: (ttl, axes, tags), merged by minimum, union, union."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import unquote

TAG_LENGTH = 200  # characters; longer tags are kept as a digest
PATH_DEPTH = 16  # path segments that a purge by prefix can tell apart

EVERYTHING = "@all"

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cacheability:
    """What one fragment, or a whole page, declares.

    :param ttl: seconds it may live; None: says nothing.
    :param axes: the inputs it varies on, in the order they were read.
    :param tags: names of what it shows.
    :param unstated_ttl: seconds it may live unless the response states its own freshness.
    """

    ttl: float | None = None
    axes: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    unstated_ttl: float | None = None

    def merge(self, other: Cacheability) -> Cacheability:
        """Both together: the shorter life, every axis, every tag."""
        return Cacheability(
            ttl=shorter(self.ttl, other.ttl),
            axes=tuple(dict.fromkeys(self.axes + other.axes)),
            tags=self.tags | other.tags,
            unstated_ttl=shorter(self.unstated_ttl, other.unstated_ttl),
        )


def shorter(*ttls: float | None) -> float | None:
    """The shortest of some lives; None: says nothing."""
    return min((ttl for ttl in ttls if ttl is not None), default=None)


def canonical_tag(tag: object) -> str:
    """A user's tag as it is stored.

    :raises ValueError: for an empty tag, and for one that starts with "@" (ours).
    """
    if tag is None or isinstance(tag, list | tuple | set | frozenset | dict):
        raise ValueError(f"tags are given one by one (*tags), not as {tag!r}")
    text = str(tag)
    if not text or text.startswith("@"):
        raise ValueError(f"a tag is a non-empty text that does not start with '@': {text!r}")
    return _short(text)


def url_tag(path: str, host: str = "") -> str:
    """The tag of the pages at one path (any query); on every host when none is named.

    :param path: percent-encoded, as in a URL.
    """
    return _short(f"@url:{host.lower()}|{_rooted(unquote(path))}")


def prefix_tag(prefix: str, host: str = "") -> str:
    """The tag of all pages below a path prefix.

    Prefixes end at a slash: "/blog/20" is widened to "/blog/", and what lies deeper than
    PATH_DEPTH segments to its ancestor at that depth (too wide is allowed, too narrow never).

    :param prefix: percent-encoded, as in a URL.
    """
    segments = _rooted(unquote(prefix)).split("/")[:-1][: PATH_DEPTH + 1]
    return _short(f"@path:{host.lower()}|{'/'.join(segments)}/")


def location_tags(host: str, path: str) -> frozenset[str]:
    """The tags every entry has by its place: everything, its URL, its prefixes.

    :param path: as the application sees it, percent-decoded.
    """
    host, path = host.lower(), _rooted(path)
    tags = {EVERYTHING, _short(f"@url:|{path}"), _short(f"@url:{host}|{path}")}
    segments = path.split("/")[:-1][: PATH_DEPTH + 1]
    for end in range(1, len(segments) + 1):
        prefix = "/".join(segments[:end]) + "/"
        tags |= {_short(f"@path:|{prefix}"), _short(f"@path:{host}|{prefix}")}
    return frozenset(tags)


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _short(text: str) -> str:
    """The text itself; a digest of it where it is long or UTF-8 can't carry it."""
    if len(text) <= TAG_LENGTH and not _SURROGATE.search(text):
        return text
    name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
    return f"@long:{name}"
