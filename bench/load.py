"""Load on a page, and the proof that every answer was the right one.

wrk counts statuses and bytes of all answers; it can look into each only at the price of
becoming what is measured. So the content is looked at before and after, and the worker is
asked how often it rendered in between.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case
from bench.processes import Running, pinned

CONNECTIONS = 32
HEADERS = {"Accept": "text/html", "Accept-Language": "de,en;q=0.7", "Accept-Encoding": "gzip, br"}
LEAST_BODY = 28_000  # bytes
CODED_WITHIN = 10.0  # seconds

_SUMMARY = Path(__file__).parent / "summary.lua"
_GROWS = 8  # bytes by which Age, Cache-Status, X-Varnish may make an answer longer or shorter


class Wrong(Exception):
    """An answer was not what the case promises; the message says which way."""


@dataclass(frozen=True)
class Measured:
    """One round of load.

    :param rate: answers a second.
    :param p99: microseconds within which 99 of 100 answers came.
    :param cpu: microseconds of its core the server used for one; None: unknown.
    """

    rate: float
    p99: float
    cpu: float | None


def wrk_is_there() -> bool:
    """Whether there is something to make the load with."""
    return shutil.which("wrk") is not None


class Page:
    """The page of one running case.

    :raises Wrong: where its answers are not the case's.
    """

    def __init__(self, case: Case, server: Running, core: int | None) -> None:
        self._case = case
        self._server = server
        self._core = core
        self._get("/")  # this one may be a miss
        if case.compressed:
            self._wait_for_coding()
        self._length, self._body = self._look()
        if len(self._body) < LEAST_BODY and not case.compressed:
            raise Wrong(f"{case.name}: {len(self._body)} bytes")

    def _wait_for_coding(self) -> None:
        """Until the page's compressed form is made, which its first hit asks for."""
        deadline = time.monotonic() + CODED_WITHIN
        while not self._get("/")[0].headers.get("Content-Encoding"):
            if time.monotonic() > deadline:
                raise Wrong(f"{self._case.name}: it is not compressed")
            time.sleep(0.05)

    def load(self, seconds: int) -> Measured:
        """Ask for the page as fast as one thread of wrk can, for so long."""
        renders = self._renders()
        cpu = self._server.cpu_seconds()
        summary = self._wrk(seconds)
        if cpu is not None:
            cpu = ((self._server.cpu_seconds() or 0) - cpu) / summary["requests"] * 1e6
        self._check(summary)
        if self._look()[1] != self._body:
            raise Wrong(f"{self._case.name}: another body after the load")
        if self._case.cached and self._renders() != renders:
            raise Wrong(f"{self._case.name}: rendered under load")
        return Measured(summary["requests"] / summary["duration"] * 1e6, summary["p99"], cpu)

    def _wrk(self, seconds: int) -> dict[str, float]:
        headers = [part for item in HEADERS.items() for part in ("-H", ": ".join(item))]
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", *headers]
        command += ["-s", str(_SUMMARY), f"http://127.0.0.1:{self._server.port}/"]
        done = subprocess.run(
            pinned(command, self._core), capture_output=True, text=True, check=True
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    def _check(self, summary: dict[str, float]) -> None:
        failed = {name: summary[name] for name in ("status", "connect", "read", "write", "timeout")}
        if any(failed.values()) or not summary["requests"]:
            raise Wrong(f"{self._case.name}: {summary['requests']} answers, failed: {failed}")
        # answers that were cut off at the end count as bytes only
        missing = summary["requests"] * self._length - summary["bytes"]
        slack = CONNECTIONS * self._length + summary["requests"] * _GROWS
        if abs(missing) > slack:
            raise Wrong(f"{self._case.name}: {missing:+} bytes short of whole answers")

    def _look(self) -> tuple[int, bytes]:
        """Ask once, and look closely; the bytes of the whole answer, and its body."""
        answer, body = self._get("/")
        if answer.status != 200:
            raise Wrong(f"{self._case.name}: {answer.status}")
        field, beginning = self._case.hit
        told = answer.headers.get(field, "") if field else ""
        if not told.startswith(beginning):
            raise Wrong(f"{self._case.name}: {field} is {told!r}")
        lines = [f"{name}: {value}\r\n" for name, value in answer.headers.items()]
        return len(f"HTTP/1.1 200 OK\r\n{''.join(lines)}\r\n") + len(body), body

    def _renders(self) -> bytes:
        return b"" if self._case.trivial else self._get("/renders/")[1]

    def _get(self, path: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=10)
        try:
            connection.request("GET", path, headers=HEADERS)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()
