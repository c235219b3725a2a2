"""Set the demo site up and serve it: make demo, or .venv/bin/python example/serve.py.

PORT (8000) and PAGES (170) may be set in the environment. What was set up stays in example/var.
"""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent
LEAST_PYTHON = (3, 11)
NEEDED = (
    *("django", "cms", "djangocms_alias", "djangocms_text", "djangocms_versioning"),
    *("gunicorn", "whitenoise"),
)


def main():
    check_python()
    check_packages()
    port = number("PORT", "8000", 1, 65535)
    pages = number("PAGES", "", 100, 20000)
    check_port(port)
    os.environ["PORT"] = str(port)
    os.environ["DJANGO_SETTINGS_MODULE"] = "townsite.settings"
    paths = [str(EXAMPLE), str(EXAMPLE.parent / "src"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    set_up(pages)
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(EXAMPLE / "gunicorn.conf.py")]
    os.execv(sys.executable, [*gunicorn, "townsite.wsgi:application"])


def stop(message):
    sys.exit("demo: " + message)


def check_python():
    if sys.version_info < LEAST_PYTHON:
        wanted, given = ".".join(map(str, LEAST_PYTHON)), sys.version.split()[0]
        stop(f"needs Python {wanted} or newer, and this is {given} ({sys.executable})")


def check_packages():
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        stop(f"{', '.join(missing)} not installed: run make demo, or install requirements/demo.txt")


def number(name, default, least, most):
    given = os.environ.get(name) or default
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or not least <= int(given) <= most:
        stop(f"{name} is a whole number from {least} to {most}, not {given!r}")
    return int(given)


def check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = port % 65535 + 1
            stop(f"port {port} is not free ({error.strerror}); try: make demo PORT={other}")


def set_up(pages):
    chosen = [] if pages is None else [f"--pages={pages}"]
    command = [sys.executable, str(EXAMPLE / "manage.py"), "open_town", *chosen]
    if subprocess.run(command, check=False).returncode:
        stop("the site could not be set up; what went wrong stands above")


if __name__ == "__main__":
    main()
