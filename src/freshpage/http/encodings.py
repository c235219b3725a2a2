"""Content codings: which of them a visitor takes (RFC 9110 §12.5.3), and their entity tags."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from freshpage.http.fields import OWS, Headers, get_all, get_first, is_token, split_list

IDENTITY = "identity"
_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}  # RFC 9110 §8.4.1
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")  # RFC 9110 §12.4.2

# Digests of the bytes that are sent (RFC 9530, and what came before it).
_DIGESTS = frozenset({"content-digest", "repr-digest", "digest", "content-md5"})
# What text there is beside text/*, and formats that nobody has compressed yet.
_TEXTS = frozenset(
    {"application/atom+xml", "application/javascript", "application/json", "application/ld+json"}
    | {"application/manifest+json", "application/rss+xml", "application/wasm", "application/xml"}
    | {"application/xhtml+xml", "font/otf", "font/ttf", "image/bmp", "image/svg+xml"}
)


class Accepted(NamedTuple):
    """What a visitor's Accept-Encoding comes to: weights by coding, ``*`` among them."""

    weights: dict[str, float]

    def weight(self, coding: str) -> float:
        """How much a coding is liked, of 0 (not at all) to 1."""
        found = self.weights.get(coding)
        return self.weights.get("*", 0.0) if found is None else found

    @property
    def identity(self) -> bool:
        """Whether the plain form may be sent: yes, unless it is refused by name or by ``*``."""
        return self.weights.get(IDENTITY, self.weights.get("*", 1.0)) > 0


@lru_cache(maxsize=1024)
def accepted(value: str | None) -> Accepted:
    """What Accept-Encoding says; None, or an empty one: the plain form, please.

    A member that is malformed says nothing: the worst that comes of it is the plain form. A
    coding named twice has the lower weight.
    """
    weights: dict[str, float] = {}
    for member in split_list((value or "").lower()):
        coding, *parameters = [part.strip(OWS) for part in member.split(";")]
        weight = _weight(parameters)
        if weight is None or not is_token(coding):
            continue
        coding = _ALIASES.get(coding, coding)
        weights[coding] = min(weight, weights.get(coding, weight))
    return Accepted(weights)


def _weight(parameters: list[str]) -> float | None:
    """The weight after a coding; None when there is something else."""
    if not parameters:
        return 1.0
    name, _, value = parameters[0].partition("=")
    if len(parameters) > 1 or name != "q" or _WEIGHT.fullmatch(value) is None:
        return None
    return float(value)


@lru_cache(maxsize=4096)
def preferred(value: str | None, offered: tuple[str, ...]) -> str:
    """Which of these codings to send; IDENTITY when none is wanted, or nothing may be sent.

    :param value: Accept-Encoding; None: absent.
    :param offered: the codings there are, the best first.
    """
    visitor = accepted(value)
    liked = max(offered, key=visitor.weight, default=IDENTITY)  # the first of those liked best
    weight = visitor.weight(liked)
    if liked == IDENTITY or weight == 0 or weight < visitor.weights.get(IDENTITY, 0.0):
        return IDENTITY
    return liked


def may_be_coded(status: int, headers: Headers) -> bool:
    """Whether a response may be sent in a coding that its application did not give it.

    Only what is text and plain, is whole, and has no digest of its bytes; not against
    no-transform (RFC 9111 §5.2.2.6), in whatever field it is said.
    """
    content_type = (get_first(headers, "content-type") or "").partition(";")[0].strip(OWS).lower()
    if status != 200 or not _is_text(content_type):
        return False
    names = {name.lower() for name, _ in headers}
    if "content-encoding" in names or "content-range" in names or names & _DIGESTS:
        return False
    return not any(
        directive.strip(OWS).lower() == "no-transform"
        for name in names
        if name.endswith("cache-control")
        for line in get_all(headers, name)
        for directive in split_list(line)
    )


def _is_text(content_type: str) -> bool:
    return (
        content_type.startswith("text/")
        or content_type in _TEXTS
        or content_type.endswith(("+json", "+xml"))
    )


def coded_etag(etag: str, coding: str) -> str:
    """The entity tag of a coded form: each form has its own (RFC 9110 §8.8.3.3).

    :param etag: of the plain form.
    """
    return etag if coding == IDENTITY else f'{etag[:-1]}-{coding}"'
