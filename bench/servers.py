"""What answers: a Python server with one worker, with Varnish or nginx before it, and Redis
beside it; all of a case on one core.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.cases import Case
from bench.processes import ROOT, Running, ServerFailed, free_port, pinned, started

PREPARED_WITHIN = 120.0  # seconds

_GRANIAN = (
    "granian --workers 1 --runtime-threads 1 --blocking-threads 1 --http 1 --no-ws"
    " --loop uvloop --log-level warning --host 127.0.0.1 --port {port}"
)
SERVERS = {
    "gunicorn gthread": (
        "gunicorn --workers 1 --worker-class gthread --threads 4 --keep-alive 60"
        " --log-level warning --bind 127.0.0.1:{port} bench.applications:wsgi"
    ),
    "granian WSGI": f"{_GRANIAN} --interface wsgi bench.applications:wsgi",
    "granian ASGI": f"{_GRANIAN} --interface asginl bench.applications:asgi",
    "uvicorn": (
        "uvicorn --workers 1 --loop uvloop --http httptools --no-access-log --lifespan off"
        " --log-level warning --host 127.0.0.1 --port {port} bench.applications:asgi"
    ),
}
_REDIS = "redis-server --bind 127.0.0.1 --port {port} --save '' --appendonly no"
_FRONTS = {
    "varnish": "varnishd -F -j none -n {home} -a 127.0.0.1:{port} -f {config} -s malloc,64m",
    "nginx": "nginx -p {home} -e {home}/log -c {config}",
}
_PROGRAMS = {"varnish": "varnishd", "nginx": "nginx", "redis": "redis-server"}
_SBIN = os.pathsep.join(["/usr/local/sbin", "/usr/sbin"])  # not in everybody's PATH


def missing(case: Case) -> str | None:
    """The program a case needs and this machine has not; None: all is there."""
    for need in case.needs:
        if _program(_PROGRAMS[need]) is None:
            return _PROGRAMS[need]
    return None


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_SBIN)


@contextmanager
def running(
    server: str, case: Case, core: int | None, directory: Path, redis: int | None = None
) -> Iterator[Running]:
    """What answers a case, from when it does.

    :param redis: the port of a Redis server, where the case needs one.
    :raises ServerFailed: when it does not come up.
    """
    given = environment(case, directory, redis)
    if case.prepared:
        prepare(case, core, directory, given)
    port = free_port()
    name, *arguments = SERVERS[server].format(port=port).split()
    command = [sys.executable, "-m", name, *arguments]
    label = f"{server} for {case.name}"
    with ExitStack() as stack:
        behind = stack.enter_context(started(label, command, port, core, directory, given))
        if case.front:
            yield stack.enter_context(_front(case.front, behind, core, directory))
        else:
            yield behind


@contextmanager
def redis_server(core: int | None, directory: Path) -> Iterator[Running]:
    """A Redis server that keeps nothing on disk."""
    port = free_port()
    command = [part.strip("'") for part in _REDIS.format(port=port).split()]
    command[0] = _program(command[0]) or command[0]
    with started("redis", command, port, core, directory) as redis:
        yield redis


@contextmanager
def _front(name: str, behind: Running, core: int | None, directory: Path) -> Iterator[Running]:
    """Varnish or nginx before a server."""
    home, port = directory / name, free_port()
    home.mkdir()
    config = home / "config"
    given = (ROOT / "bench" / "fronts" / name).read_text()
    for word, value in {
        "@PORT@": port,
        "@BEHIND@": behind.port,
        "@HOME@": home,
        "@USER@": "user root;" if os.geteuid() == 0 else "",
    }.items():
        given = given.replace(word, str(value))
    config.write_text(given)
    command = _FRONTS[name].format(home=home, port=port, config=config).split()
    command[0] = _program(command[0]) or command[0]
    with started(name, command, port, core, directory) as front:
        yield front


def environment(case: Case, directory: Path, redis: int | None) -> dict[str, str]:
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "BENCH_CASE": case.name,
        "BENCH_DIRECTORY": str(directory),
        "BENCH_REDIS": f"redis://127.0.0.1:{redis}/0",
        "DJANGO_SETTINGS_MODULE": "bench.site",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


def prepare(case: Case, core: int | None, directory: Path, given: dict[str, str]) -> None:
    """Make a case's tables and what is in them, unless they are there from another server."""
    if (directory / f"{case.name}.sqlite3").exists():
        return
    done = subprocess.run(
        pinned([sys.executable, "-m", "bench.prepare"], core),
        env=given,
        cwd=directory,
        capture_output=True,
        check=False,
        text=True,
        timeout=PREPARED_WITHIN,
    )
    if done.returncode:
        raise ServerFailed(f"preparing {case.name}:\n{done.stderr[-2000:]}")
