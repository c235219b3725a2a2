"""A client that sends bytes as they are, to a WSGI or ASGI application in this process."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes


@dataclass(frozen=True)
class Raw:
    """A request as bytes; ``fields`` as an HTTP/2 server hands them over."""

    path: bytes = b"/"
    query: bytes = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    host: bytes = b"testserver"
    method: str = "GET"
    body: bytes = b""  # without Content-Length, as in HTTP/2
    address: str = "192.0.2.1"

    def having(self, *fields: tuple[bytes, bytes], **changes) -> Raw:
        return replace(self, fields=self.fields + fields, **changes)


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def hit(self) -> bool:
        return self.headers.get("cache-status", "").startswith("freshpage; hit")

    @property
    def stored(self) -> bool:
        return "stored" in self.headers.get("cache-status", "")

    @property
    def detail(self) -> str:
        return self.headers.get("cache-status", "").partition("detail=")[2].strip('"')

    @property
    def shown(self) -> tuple[int, bytes]:
        """What a visitor sees of it."""
        return self.status, self.body


def ask(application, is_async: bool, raw: Raw) -> Got:
    """Send a request, read all of the answer."""
    return asyncio.run(_async(application, raw)) if is_async else _sync(application, raw)


def _sync(application, raw: Raw) -> Got:
    environ = {
        "REQUEST_METHOD": raw.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw.path).decode("latin-1"),
        "QUERY_STRING": raw.query.decode("latin-1"),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": raw.address,
        "HTTP_HOST": raw.host.decode("latin-1"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(raw.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in raw.fields:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]}{joint}{text}" if key in environ else text
    started = []

    def start_response(status, headers, exc_info=None):
        started[:] = [(int(status.split()[0]), headers)]
        return lambda data: None

    result = application(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        getattr(result, "close", lambda: None)()
    status, headers = started[0]
    return Got(status, {name.lower(): value for name, value in headers}, body)


async def _async(application, raw: Raw) -> Got:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "2",
        "method": raw.method,
        "scheme": "http",
        "path": unquote_to_bytes(raw.path).decode(),
        "raw_path": raw.path,
        "query_string": raw.query,
        "root_path": "",
        "headers": [(b"host", raw.host), *raw.fields],
        "client": (raw.address, 40000),
        "server": ("testserver", 80),
    }
    messages, sent = [{"type": "http.request", "body": raw.body, "more_body": False}], []

    async def receive():
        if not messages:
            await asyncio.Event().wait()  # for good: the visitor stays
        return messages.pop()

    async def send(message):
        sent.append(message)

    await application(scope, receive, send)
    head = next(m for m in sent if m["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    headers = {n.decode().lower(): v.decode("latin-1") for n, v in head.get("headers", ())}
    return Got(head["status"], headers, body)
