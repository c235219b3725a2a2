"""What a view says of its page: ``@page_cache(ttl=300)``, ``@never_cache``.

Behind a front door these only declare. Where there is none, ``page_cache`` is one itself,
for its view alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.views.decorators.cache import never_cache as for_the_world

from freshpage.cacheability import Cacheability, canonical_tag
from freshpage.http.cache_control import CacheControl
from freshpage.http.fields import is_token
from freshpage.middleware import serve, serve_async
from freshpage.request import COOKIE, HEADER, QUERY
from freshpage.tracking.record import current

View = TypeVar("View", bound=Callable[..., Any])


def page_cache(
    ttl: float | None = None,
    *,
    stale_while_revalidate: float | None = None,
    stale_if_error: float | None = None,
    vary: Iterable[str] = (),
    tags: Iterable[object] = (),
) -> Callable[[View], View]:
    """Say how long freshpage may keep the view's page, and what it depends on.

    Browsers are not granted this time: they ask again, and get a 304 (say otherwise with
    Django's ``cache_control(max_age=...)``).

    :param ttl: seconds; None: what the response or DEFAULT_TTL says.
    :param stale_while_revalidate: seconds a stale page may be served while a new one is made.
    :param stale_if_error: seconds a stale page may be served when the view fails.
    :param vary: names of request headers, or axes ("cookie:theme", "query:page").
    :param tags: names for :func:`freshpage.invalidate`.
    :raises ValueError: for a negative time, a wrong tag, or what no header is named.
    """
    for name, seconds in (
        ("ttl", ttl),
        ("stale_while_revalidate", stale_while_revalidate),
        ("stale_if_error", stale_if_error),
    ):
        if seconds is not None and not seconds >= 0:
            raise ValueError(f"page_cache: {name} is a number of seconds from 0 up: {seconds!r}")
    control = _targeted(ttl, stale_while_revalidate, stale_if_error)
    declared = Cacheability(
        axes=tuple(_axis(name) for name in vary),
        tags=frozenset(canonical_tag(tag) for tag in tags),
    )

    def declare(response: Any) -> Any:
        stated = CacheControl.parse((response.get("Cache-Control", ""),))
        forbids = stated.private or stated.no_store or stated.private_fields
        forbids = forbids or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        if control and not forbids and not response.has_header("Freshpage-Cache-Control"):
            response.headers["Freshpage-Cache-Control"] = control
        return response

    def before() -> None:
        record = current()
        if record is not None:
            record.declare(declared)

    return _around(before, declare)


def never_cache(view: View) -> View:
    """Say that the view's page is not to be stored, here or by browsers and edges."""

    def before() -> None:
        record = current()
        if record is not None:
            record.refuse("never-cache")

    wrapped = _around(before, lambda response: response, door=False)(view)
    return for_the_world(wrapped)


def _axis(name: str) -> str:
    if name.startswith((COOKIE, QUERY)):
        return name
    field = name.removeprefix(HEADER)
    if not is_token(field):
        raise ValueError(f"page_cache: no header has such a name: {field!r}")
    return HEADER + field.lower()


def _targeted(
    ttl: float | None, stale_while_revalidate: float | None, stale_if_error: float | None
) -> str:
    """The decorator's times as a targeted field (RFC 9213), stripped before it leaves."""
    times = {
        "max-age": ttl,
        "stale-while-revalidate": stale_while_revalidate,
        "stale-if-error": stale_if_error,
    }
    return ", ".join(
        f"{name}={int(seconds)}" for name, seconds in times.items() if seconds is not None
    )


def _around(
    before: Callable[[], None], after: Callable[[Any], Any], door: bool = True
) -> Callable[[View], View]:
    """Wrap a view, sync or async, in what is said before and after it."""

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def wrapped_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                async def inner(asked: HttpRequest) -> Any:
                    before()
                    return after(await view(asked, *args, **kwargs))

                if door:
                    return await serve_async(request, inner, inside=True)
                return await inner(request)

            return cast(View, wrapped_async)

        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            def inner(asked: HttpRequest) -> Any:
                before()
                return after(view(asked, *args, **kwargs))

            return serve(request, inner, inside=True) if door else inner(request)

        return cast(View, wrapped)

    return decorate
