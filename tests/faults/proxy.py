"""A network that can be cut: a proxy for TCP between the browser and the server."""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Passes bytes on from its own port to the server's; can be cut, and started anew on the same port."""

    def __init__(self, port: int) -> None:
        """Listen on a free port.

        Args:
            port: the server's, on this machine.
        """
        self._target = port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.port = 0
        self.restart()

    def cut(self) -> None:
        """Break every connection, and take no new ones."""
        # Without the shutdown, the thread that waits for connections would take one more.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            broken, self._open = self._open, set()
        for end in broken:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def restart(self) -> None:
        """Take connections again, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while content := source.recv(65_536):
                sink.sendall(content)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open.discard(end)
            end.close()
