"""Leases among machines: keys of a Redis server that expire."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

from freshpage.key import digest
from freshpage.stores.leases import Grant
from freshpage.stores.redis_scripts import Script

_OPEN = b"open"

# only who knows the token gives it back
_FREE = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end")


class RedisLeases:
    """Leases on the server that keeps the entries.

    :param client: gives the client to ask with.
    :param prefix: of the site's keys.
    """

    blocking = True

    def __init__(self, client: Callable[[], Any], prefix: bytes) -> None:
        self._client = client
        self._prefix = prefix + b"lease:"
        self._lock = threading.Lock()
        self._tokens: dict[bytes, bytes] = {}

    def take(self, key: bytes, seconds: float) -> Grant:
        """Ask for a key's lease.

        :raises redis.RedisError: when the server does not answer.
        """
        name, token = self._prefix + digest(key), secrets.token_bytes(12)
        client = self._client()
        if client.set(name, token, nx=True, px=max(1, int(seconds * 1000))):
            with self._lock:
                self._tokens[key] = token
            return Grant.TAKEN
        return Grant.OPEN if client.get(name) == _OPEN else Grant.BUSY

    def free(self, key: bytes) -> None:
        """Give a lease back, if it has not expired and gone to another."""
        with self._lock:
            token = self._tokens.pop(key, None)
        if token is not None:
            _FREE.run(self._client(), [self._prefix + digest(key)], (token,))

    def leave_open(self, key: bytes, seconds: float) -> None:
        """Grant OPEN to everybody for a while."""
        with self._lock:
            self._tokens.pop(key, None)
        self._client().set(self._prefix + digest(key), _OPEN, px=max(1, int(seconds * 1000)))

    def shut(self, key: bytes) -> None:
        """Grant OPEN no more."""
        _FREE.run(self._client(), [self._prefix + digest(key)], (_OPEN,))

    def close(self) -> None:
        """What is held expires."""
