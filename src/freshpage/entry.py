"""Entries, and the authenticated binary form they have outside the process.

A stored node is a version byte, a keyed BLAKE2 over everything else *and the key it is
stored under*, a MessagePack head and the raw body. Nothing in it is code; what does not
verify (truncated, flipped, forged, moved to another key, of another version) is a miss.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence as Many

import msgspec

from freshpage.http.fields import Headers
from freshpage.sequence import Sequence

VERSION = 3
_MAC_SIZE = 16
_PREFIX = struct.Struct(f">B{_MAC_SIZE}sBI")  # version, mac, kind, length of the head
_AXES, _ENTRY = 0, 1

Forms = tuple[tuple[str, bytes], ...]  # of one body: content codings, and the bytes in them


class BadEntry(Exception):
    """Stored bytes that are not an entry of ours; the message says why."""


class Axes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A node that says which inputs the renders below it read.

    ``then``: what is read after these, one after the other, where nothing else is held below.
    """

    axes: tuple[str, ...]
    expires: float  # seconds since 1970 after which it may be swept
    then: tuple[tuple[str, ...], ...] = ()

    @property
    def size(self) -> int:
        """Bytes this node takes in memory, roughly."""
        return sum(sum(map(len, axes)) + 60 for axes in (self.axes, *self.then)) + 300


class Entry(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A stored response, as the application gave it.

    ``headers`` are the application's end-to-end fields; what a visitor is sent is derived
    from them by the engine. Times are seconds since 1970, ages and lifetimes seconds.
    """

    status: int
    reason: str
    headers: Headers
    response_time: float
    initial_age: float  # RFC 9111 §4.2.3 corrected_initial_age
    lifetime: float  # freshness lifetime
    expires: float  # after this it is of no use, not even stale
    sequence: Sequence  # S0
    tags: bytes  # see tags.packed
    axes: tuple[str, ...]
    etag: str | None
    own_etag: bool  # made from the body by us: the application can't validate it
    last_modified: float | None
    explicit: bool  # the application stated its freshness
    always_validate: bool = False  # no-cache (RFC 9111 §5.2.2.4)
    never_stale: bool = False  # must-revalidate and its kin (RFC 9111 §4.2.4)
    authorized: bool = False  # may answer a request with Authorization (RFC 9111 §3.5)
    stale_while_revalidate: float = 0
    stale_if_error: float = 0
    render_seconds: float = 0
    until: float | None = None  # when what was rendered ends, whatever the fields say
    encoded: Forms | None = None  # compressed forms of the body; None: nobody has tried yet
    body: bytes = b""

    @property
    def fresh_until(self) -> float:
        """When its freshness lifetime ends (RFC 9111 §4.2)."""
        return self.response_time + self.lifetime - self.initial_age

    @property
    def size(self) -> int:
        """Bytes this entry takes in memory, roughly."""
        forms = sum(len(form) for _, form in self.encoded or ())
        return len(self.body) + forms + self.beside

    @property
    def beside(self) -> int:
        """The same beside its body and that one's compressed forms."""
        return self.fields + len(self.tags) + 400

    @property
    def fields(self) -> int:
        """The same of its fields."""
        return sum(len(name) + len(value) + 160 for name, value in self.headers)


Node = Axes | Entry

_encoder = msgspec.msgpack.Encoder()
_axes_decoder = msgspec.msgpack.Decoder(Axes)
_entry_decoder = msgspec.msgpack.Decoder(Entry)


class Codec:
    """Packs nodes for stores outside the process.

    :param secrets: signing secrets; the first signs, all are accepted (SECRET_KEY and
        SECRET_KEY_FALLBACKS).
    """

    def __init__(self, secrets: Many[str | bytes]) -> None:
        if not secrets:
            raise ValueError("a codec needs at least one secret")
        self._keys = [_derive(secret) for secret in secrets]

    def pack(self, key: bytes, node: Node) -> bytes:
        """The bytes to store under ``key``.

        :raises BadEntry: for a node with text that UTF-8 can't carry (lone surrogates).
        """
        try:
            if isinstance(node, Entry):
                kind, body = _ENTRY, node.body
                head = _encoder.encode(msgspec.structs.replace(node, body=b""))
            else:
                kind, body = _AXES, b""
                head = _encoder.encode(node)
        except UnicodeEncodeError as error:
            raise BadEntry(f"unwritable head: {error}") from error
        mac = _mac(self._keys[0], key, kind, head, body)
        return b"".join((_PREFIX.pack(VERSION, mac, kind, len(head)), head, body))

    def unpack(self, key: bytes, data: bytes | memoryview) -> Node:
        """The node stored under ``key``.

        :raises BadEntry: when the bytes are not exactly what ``pack`` made for this key.
        """
        view = memoryview(data)
        if len(view) < _PREFIX.size:
            raise BadEntry("truncated")
        version, mac, kind, length = _PREFIX.unpack_from(view)
        if version != VERSION or kind not in (_AXES, _ENTRY):
            raise BadEntry(f"version {version}, kind {kind}: not written by this version")
        if len(view) < _PREFIX.size + length:
            raise BadEntry("truncated")
        head, body = view[_PREFIX.size : _PREFIX.size + length], view[_PREFIX.size + length :]
        if not any(
            hmac.compare_digest(mac, _mac(secret, key, kind, head, body)) for secret in self._keys
        ):
            raise BadEntry("signature does not match")
        try:
            if kind == _AXES:
                return _axes_decoder.decode(head)
            entry = _entry_decoder.decode(head)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BadEntry(f"unreadable head: {error}") from error
        return msgspec.structs.replace(entry, body=bytes(body))  # the body's one copy


def _derive(secret: str | bytes) -> bytes:
    raw = secret.encode() if isinstance(secret, str) else secret
    return hashlib.blake2b(raw, digest_size=32, person=b"freshpage-mac").digest()


def _mac(
    secret: bytes, key: bytes, kind: int, head: bytes | memoryview, body: bytes | memoryview
) -> bytes:
    mac = hashlib.blake2b(key=secret, digest_size=_MAC_SIZE)
    mac.update(struct.pack(">BBII", VERSION, kind, len(key), len(head)))
    mac.update(key)
    mac.update(head)
    mac.update(body)
    return mac.digest()
