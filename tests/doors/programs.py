"""Pages as small decision programs over a request, and requests to ask them with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from hypothesis import strategies as st

from tests.doors.raw import Raw

# what a page may ask of a request; each gives a text
ASKED = {
    "field a": lambda r: r.headers.get("X-A"),
    "field b": lambda r: r.META.get("HTTP_X_B"),
    "field b there": lambda r: "X-B" in r.headers,
    "cookie a": lambda r: r.COOKIES.get("a"),
    "cookie b": lambda r: r.COOKIES.get("b", "none"),
    "cookie there": lambda r: "b" in r.COOKIES,
    "parameter p": lambda r: r.GET.get("p"),
    "parameters q": lambda r: r.GET.getlist("q"),
    "any parameter": lambda r: bool(r.GET),
    "whole query": lambda r: r.META["QUERY_STRING"],
    "html": lambda r: r.accepts("text/html"),
    "best type": lambda r: r.get_preferred_type(["text/html", "text/plain"]),
    "language": lambda r: get_language(),
    "host": lambda r: r.get_host(),
}


@dataclass(frozen=True)
class Leaf:
    """A page that has asked all it asks."""

    text: str

    def show(self, request: Any) -> str:
        return self.text


@dataclass(frozen=True)
class Ask:
    """A page that goes on by what it asks: the answer's hash decides between its branches."""

    what: str
    branches: tuple[Leaf | Ask, ...]
    prints: bool = False  # the answer itself

    def show(self, request: Any) -> str:
        answer = ascii(ASKED[self.what](request))
        branch = self.branches[sum(answer.encode()) % len(self.branches)]
        return (answer if self.prints else "") + branch.show(request)


leaves = st.builds(Leaf, st.sampled_from(["red", "green", "blue"]))
programs = st.recursive(
    leaves,
    lambda below: st.builds(
        Ask,
        st.sampled_from(sorted(ASKED)),
        st.lists(below, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    max_leaves=12,
)

# few spellings, and among them such as are easily taken for one another
_COOKIES = [
    *(b"a=1", b"a=1; b=2", b"b=2; a=1", b"a=2; a=1", b"_ga=1; a=1", b'a="1"', b""),
    *(b"a=1\xa0", "a=ä".encode(), b"a=\xe4", b"django_language=de", b"django_language=de\xa0"),
]
_QUERIES = [
    *(b"p=1", b"p=1&utm_source=x", b"utm_source=x", b"p=", b"", b"q=1&q=2", b"q=1%2C2", b"q=1;q=2"),
    *(b"p=%E4", b"p=%C3%A4", "p=ä".encode(), "p=ä".encode() + b"&x=\xff"),
]
_FIELDS = {
    b"x-a": [b"1", b"2", b"", b"1,2", b"\xe4"],
    b"x-b": [b"1", b"2", b""],
    b"cookie": _COOKIES,
    b"accept": [b"*/*", b"text/html", b"text/plain;q=0.5, text/html;q=0.1", b"", b"x"],
    b"accept-language": [b"de", b"fr;q=0.5, de;q=0.1", b"xx", b"en-GB", b""],
    b"x-noise": [b"1", b"2"],
    b"user-agent": [b"1", b"2"],
}


@st.composite
def visitors(draw: Any, most: int = 8) -> list[Raw]:
    """Requests of one page, each like the one before it but for one thing."""
    fields = {name: draw(st.sampled_from(values)) for name, values in _FIELDS.items()}
    query, host = draw(st.sampled_from(_QUERIES)), b"testserver"
    found = []
    for _ in range(draw(st.integers(2, most))):
        found.append(Raw(query=query, fields=tuple(fields.items()), host=host))
        changed = draw(
            st.sampled_from([b"query", b"query", b"cookie", b"cookie", b"host", *_FIELDS])
        )
        fields = dict(fields)
        if changed == b"query":
            query = draw(st.sampled_from(_QUERIES))
        elif changed == b"host":
            host = draw(st.sampled_from([b"testserver", b"other"]))
        elif changed in fields and draw(st.booleans()):
            del fields[changed]
        else:
            fields[changed] = draw(st.sampled_from(_FIELDS[changed]))
    return found
