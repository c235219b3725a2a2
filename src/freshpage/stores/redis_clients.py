"""Clients of redis-py, for one server, one that sentinels name, and a cluster.

Each takes a URL, and the seconds to wait for a connection and for an answer. Nothing is tried
again after it has timed out: who waits has no time for it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel


def single_client(url: str, connect: float, answer: float) -> Any:
    """Of one server."""
    return Redis.from_url(
        url,
        socket_connect_timeout=connect,
        socket_timeout=answer,
        # once more on a connection the server has closed; a timeout is never tried again
        retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        protocol=2,
    )


def sentinel_client(url: str, connect: float, answer: float) -> Any:
    """Of the master of a service; the URL names the sentinels, then the service.

    Who is the master is asked for each new connection.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    times: dict[str, Any] = {"socket_connect_timeout": connect, "socket_timeout": answer}
    sentinels = [host.rpartition(":") for host in hosts.split(",")]
    untyped: Any = Sentinel
    known = untyped([(host, int(port)) for host, _, port in sentinels], sentinel_kwargs=times)
    return known.master_for(
        service,
        db=int(database or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        ssl=parts.scheme == "rediss",
        retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        protocol=2,
        **times,
    )


def cluster_client(url: str, connect: float, answer: float) -> Any:
    """Of a cluster, of which the URL names a node. It connects at once."""
    return RedisCluster.from_url(
        url,
        socket_connect_timeout=connect,
        socket_timeout=answer,
        retry=Retry(NoBackoff(), 1),  # once more where a slot has moved
        protocol=2,
    )


def answers(client: Any, *commands: tuple[object, ...]) -> list[Any]:
    """What a server answers to commands that are sent at once; errors of theirs among it.

    A pipeline of redis-py's does the same, and takes as long again as the server.

    :param client: of one server.
    """
    pool = client.connection_pool
    connection = pool.get_connection()

    def asked() -> list[Any]:
        connection.send_packed_command(connection.pack_commands(commands))
        return [_answer(connection) for _ in commands]

    try:
        found: list[Any] = connection.retry.call_with_retry(
            asked, lambda _: connection.disconnect()
        )
    except BaseException:  # somebody else's answer may be on its way
        connection.disconnect()
        raise
    finally:
        pool.release(connection)
    return found


def _answer(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
