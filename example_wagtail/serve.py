"""Set the Wagtail example up and serve it: make demo-wagtail, or .venv/bin/python this file.

PORT (8000) may be set in the environment. What was set up stays in example_wagtail/var.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent


def main():
    port = os.environ.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        sys.exit(f"demo: PORT is a number from 1 to 65535, not {port!r}")
    check_port(int(port))
    paths = [str(EXAMPLE), str(EXAMPLE.parent / "src"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    os.environ["DJANGO_SETTINGS_MODULE"] = "valleysite.settings"
    os.environ["PORT"] = port
    command = [sys.executable, str(EXAMPLE / "manage.py"), "open_valley", "--port", port]
    if subprocess.run(command, check=False).returncode:
        sys.exit("demo: the site could not be set up; what went wrong stands above")
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(EXAMPLE / "gunicorn.conf.py")]
    os.execv(sys.executable, [*gunicorn, "valleysite.wsgi:application"])


def check_port(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"demo: port {port} is not free ({error.strerror}); try another PORT")


if __name__ == "__main__":
    main()
