"""Compressing: gzip by zlib, br by ``brotli``, zstd by Python 3.14 or ``backports.zstd``."""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable

# Each is good for a page once, for many visitors, and takes about a millisecond for 30 KB.
_GZIP_LEVEL, _BROTLI_QUALITY, _ZSTD_LEVEL = 6, 5, 9
_WORTH = 0.9  # a form that is not this much smaller is not kept

Compress = Callable[[bytes], bytes]


def _gzip(body: bytes) -> bytes:
    # by zlib: without a time and a name in it, so the same body gives the same bytes
    return zlib.compress(body, _GZIP_LEVEL, wbits=31)


def _brotli() -> Compress:
    compress = importlib.import_module("brotli").compress
    return lambda body: bytes(compress(body, quality=_BROTLI_QUALITY))


def _zstd() -> Compress:
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    compress = importlib.import_module(name).compress
    return lambda body: bytes(compress(body, _ZSTD_LEVEL))


_CODINGS: dict[str, Callable[[], Compress]] = {
    "br": _brotli,
    "gzip": lambda: _gzip,
    "zstd": _zstd,
}


def compressors(codings: tuple[str, ...]) -> dict[str, Compress]:
    """What compresses to these codings, in their order; without those not installed.

    :param codings: br, zstd or gzip.
    """
    found = {}
    for coding in codings:
        try:
            found[coding] = _CODINGS[coding]()
        except ImportError:
            continue
    return found


def forms(body: bytes, compress: dict[str, Compress]) -> tuple[tuple[str, bytes], ...]:
    """The compressed forms of a body that are worth keeping: (coding, bytes)."""
    made = [(coding, act(body)) for coding, act in compress.items()]
    return tuple([(coding, form) for coding, form in made if len(form) < len(body) * _WORTH])
