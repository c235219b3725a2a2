"""A wire between a process and a server that can be slow, or cut, in silence or not."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class Wire:
    """Forwards connections to a server.

    :param port: of the server.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.delay = 0.0  # seconds that whatever is sent takes
        self._flows = threading.Event()
        self._flows.set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(("127.0.0.1", self._server))
            except OSError:  # it is gone
                here.close()
                continue
            self._open += [here, there]
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                self._flows.wait()
                if self.delay:
                    time.sleep(self.delay)
                other.sendall(data)
        except OSError:
            pass
        finally:
            for each in (one, other):
                each.close()

    def stop(self) -> None:
        """Nothing gets through any more, and nobody is told."""
        self._flows.clear()

    def go_on(self) -> None:
        """What was held up gets through."""
        self._flows.set()

    def lead_to(self, port: int) -> None:
        """Lead to another server from now on."""
        self._server = port
        self.reset()

    def reset(self) -> None:
        """End every connection."""
        for each in self._open:
            with_no_goodbye(each)
        self._open.clear()

    def close(self) -> None:
        """End it all."""
        self._listener.close()
        self._flows.set()
        self.reset()


def with_no_goodbye(connection: socket.socket) -> None:
    """Shut a connection down, whatever waits on it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
