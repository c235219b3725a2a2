"""The one setting, FRESHPAGE, as a frozen value."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


class SettingError(ValueError):
    """A wrong setting; the message says which, and the right spelling."""


def _option(default: Any, help: str, least: float | None = 0, among: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help, "least": least, "among": among})


@dataclass(frozen=True, slots=True)
class Settings:
    """FRESHPAGE, every key optional; the fields carry their key in lower case."""

    store: str = _option("sqlite", "where entries are kept: a name or URL")
    default_ttl: float = _option(600, "seconds for a page that says nothing; 0: not stored")
    clock_ttl: float = _option(60, "seconds for a page that read the clock and says nothing")
    browser_ttl: float = _option(0, "seconds a browser may keep a page that says nothing")
    memory_bytes: int = _option(256 * 2**20, "bytes of the memory tier of a process; 0: none")
    trust: float = _option(1.0, "seconds that memory is trusted without word from Redis; 0: never")
    store_timeout: float = _option(
        0.05, "seconds a request waits for an answer of Redis", least=0.001
    )
    connect_timeout: float = _option(
        0.1, "seconds a request waits for a connection to Redis", least=0.001
    )
    store_bytes: int = _option(2**30, "bytes the SQLite file may take")
    max_body_bytes: int = _option(4 * 2**20, "bytes of the largest body that is stored")
    keep_stale: float = _option(3600, "seconds a stale entry is kept to be revalidated")
    stale_while_revalidate: float = _option(0, "seconds a stale page is sent while it is made anew")
    stale_if_error: float = _option(0, "seconds a stale page is sent where the site fails")
    early: float = _option(1.0, "how early a page in demand is made anew before it ends; 0: never")
    jitter: float = _option(0.1, "share of DEFAULT_TTL by which lives differ at random")
    wait: float = _option(5, "seconds to wait for who renders the same page; 0: each renders")
    hit_for_miss: float = _option(30, "seconds in which nobody waits for what was not stored")
    encodings: tuple[str, ...] = _option(
        ("br", "gzip"),
        "what stored text is compressed to, the best first: br, zstd, gzip",
        among=("br", "zstd", "gzip"),
    )
    compress_from: int = _option(1024, "bytes of the smallest body that is compressed")
    edge: bool = _option(False, "send CDN-Cache-Control to the cache in front of us")
    edge_targets: tuple[str, ...] = _option(
        ("Freshpage-Cache-Control", "CDN-Cache-Control"), "fields that rule us (RFC 9213)"
    )
    client_directives: bool = _option(False, "obey Cache-Control of requests (RFC 9111 §5.2.1)")
    heuristic_fraction: float = _option(0.0, "share of Date - Last-Modified taken as fresh")
    cache_status: bool = _option(True, "send Cache-Status (RFC 9211)")
    cache_status_detail: bool = _option(False, "with the key and the reason in it")
    build: str = _option("", "names the code that runs; empty: a digest of code and templates")
    key_prefix: str = _option("", "sets sites apart that share a store")
    admission: bool = _option(False, "keep a page in memory from its second request on")
    replica_lag: float = _option(0, "seconds a database replica may be behind")
    observers: tuple[str, ...] = _option((), "modules that look at requests and change no page")
    # not of FRESHPAGE: whoever makes the settings knows these
    session_cookie: str = field(default="sessionid")
    own_etags: bool = field(default=True)  # for pages without one

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Settings:
        """Read FRESHPAGE.

        :raises SettingError: naming every wrong key or value.
        """
        if not isinstance(given, Mapping):
            raise SettingError(f"FRESHPAGE is a dict, not {type(given).__name__}")
        known = {option.name.upper(): option for option in fields(cls) if option.metadata}
        wrong: list[str] = []
        values: dict[str, Any] = {}
        for key, value in given.items():
            option = known.get(key)
            if option is None:
                wrong.append(f"FRESHPAGE has no {key!r}{_suggest(str(key), list(known))}")
                continue
            whole = option.type == "int"
            fault = _fault(option.default, option.metadata["least"], value, whole=whole)
            among = option.metadata["among"]
            if not fault and among and not set(value) <= set(among):
                fault = f"a list of {', '.join(among)}"
            if fault:
                wrong.append(f"FRESHPAGE[{key!r}] is {fault}, not {value!r}")
            else:
                values[option.name] = tuple(value) if isinstance(value, list) else value
        if wrong:
            raise SettingError("; ".join(wrong))
        return cls(**values)


def _suggest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key.upper(), known, n=1)
    return f": did you mean {close[0]!r}?" if close else f"; it has {', '.join(known)}"


def _fault(default: Any, least: float, value: Any, *, whole: bool) -> str | None:
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "True or False"
    if isinstance(default, int | float):
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        ok = number and value >= least and math.isfinite(value)
        return None if ok else f"a{' whole' if whole else ''} number from {least:g} up"
    if isinstance(default, tuple):
        texts = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return None if texts else "a list of texts"
    return None if isinstance(value, str) else "a text"
