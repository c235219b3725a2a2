"""Real servers for tests, on free ports of the loopback address.

Where a server's program is missing, tests that need it are skipped on a laptop and fail in
the checks (environment variable CI).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis
from redis.exceptions import RedisError

START = 10.0  # seconds a server may take to answer


@dataclass(frozen=True)
class RedisServer:
    """A running server.

    :param url: of its first database.
    """

    url: str
    pid: int

    def client(self) -> Redis:
        return Redis.from_url(self.url)


def program(name: str) -> str:
    """The path of a server's program; the test is skipped (in CI: fails) without it."""
    path = shutil.which(name)
    if path is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"{name} is not installed")
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def redis_server(
    directory: Path,
    *options: str,
    port: int = 0,
    scheme: str = "redis",
    query: str = "",
    password: str = "",
) -> Iterator[RedisServer]:
    """A Redis server that keeps nothing on disk.

    :param directory: its working directory.
    :param options: of its command line.
    :param port: 0 for any that is free.
    :param scheme: "rediss" for one that speaks TLS, with ``options`` that say how.
    """
    port = port or free_port()
    ports = ["--port", str(port)]
    if scheme == "rediss":
        ports = ["--port", "0", "--tls-port", str(port)]
    if password:
        options = (*options, "--requirepass", password)
    command = [program("redis-server"), *ports, "--bind", "127.0.0.1", "--save", ""]
    command += ["--dir", str(directory), "--logfile", str(directory / "redis.log"), *options]
    process = subprocess.Popen(command)
    secret = f":{quote(password)}@" if password else ""
    server = RedisServer(f"{scheme}://{secret}127.0.0.1:{port}/0{query}", process.pid)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait_for(server: RedisServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            with server.client() as client:
                client.ping()
                return
        except RedisError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
