"""The tests under every Python and Django that is supported: ``nox`` (or ``nox -k 6.0``)."""

import nox

nox.options.default_venv_backend = "venv"

SUPPORTED = [
    (python, django)
    for python in ("3.11", "3.12", "3.13", "3.14")
    for django in ("5.2", "6.0")
    if (python, django) != ("3.11", "6.0")  # Django 6.0 needs Python 3.12
]


@nox.session
@nox.parametrize(("python", "django"), SUPPORTED)
def tests(session: nox.Session, django: str) -> None:
    session.install("--require-hashes", "-r", "requirements/dev.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    session.install(f"Django~={django}.0")
    session.run("python", "-m", "pytest", *(session.posargs or ("-n", "2")))
