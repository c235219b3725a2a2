"""An origin server that says what a test has it say, and the view that forwards to it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings
from django.http import HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

Lines = tuple[tuple[str, str], ...]
_OF_THE_CONNECTION = ("transfer-encoding", "keep-alive", "server")


@dataclass(frozen=True)
class Said:
    """A response of the origin; its Date is the test's clock, unless it names one."""

    lines: Lines = ()
    body: bytes = b"body"
    status: int = 200


@dataclass
class Origin:
    """A server on a free port of 127.0.0.1."""

    said: Said | Callable[[dict[str, str]], Said] = Said()
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Origin:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                super().handle_one_request()
                self.close_connection = True

            def __getattr__(self, name: str):
                if name.startswith("do_"):
                    return self._answer
                raise AttributeError(name)

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = {name.lower(): value for name, value in self.headers.items()}
                origin.asked.append((self.command, asked))
                said = origin.said if isinstance(origin.said, Said) else origin.said(asked)
                self.send_response_only(said.status)
                named = {name.lower() for name, _ in said.lines}
                if "date" not in named:
                    self.send_header("Date", self.date_time_string())
                for name, value in said.lines:
                    self.send_header(name, value)
                bodiless = self.command == "HEAD" or said.status in (204, 304)
                if "content-length" not in named and not bodiless:
                    self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                if not bodiless:
                    self.wfile.write(said.body)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_address[1]


@csrf_exempt
def forward(request):
    """Ask the origin, and return what it said."""
    connection = http.client.HTTPConnection("127.0.0.1", settings.ORIGIN_PORT, timeout=10)
    try:
        headers = {k: v for k, v in request.headers.items() if k not in ("Host", "Connection")}
        connection.request(request.method, request.get_full_path(), request.body, headers)
        answer = connection.getresponse()
        response = HttpResponse(answer.read(), status=answer.status, reason=answer.reason)
        del response.headers["Content-Type"]
        lines: dict[str, str] = {}
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                response.cookies.load(value)
            elif name.lower() not in _OF_THE_CONNECTION:
                lines[name] = f"{lines[name]}, {value}" if name in lines else value
        for name, value in lines.items():
            response.headers[name] = value
        return response
    finally:
        connection.close()


urlpatterns = [re_path("", forward)]
