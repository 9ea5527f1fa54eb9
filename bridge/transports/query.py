"""OSCQuery over HTTP, on the TCP port of the same number as OSC's: what can be sent, for who asks.

Read only, one question at a time, and asleep until one comes.
"""

from __future__ import annotations

import io
import json
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, SimpleQueue
from typing import Any, Final

from meloformer.bridge import now
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.settings import Endpoint

Answer = Callable[[str], tuple[HTTPStatus, Any]]  # of a question: its path, and what stands behind the `?`

LARGEST_QUESTION: Final = 8192  # bytes
PATIENCE_S: Final = 2.0  # with who connects and then is silent
_WOKEN_WITHIN_S: Final = 1.0


class QueryWire:
    """Answers questions on the thread that serves."""

    def __init__(self, bind: Endpoint, answer: Answer) -> None:
        """Opens the port; raises BridgeError where it is taken."""
        self._answer = answer
        self._closed = False
        self._served: SimpleQueue[None] = SimpleQueue()
        try:
            self._server = _server(bind, self)
        except OSError as error:
            raise BridgeError(f"TCP port {bind.port} cannot be used: {error.strerror or error}") from None
        self.endpoint = Endpoint(bind.host, self._server.server_address[1])

    def serve(self) -> None:
        """Answer until the wire is closed; runs on a thread of its own."""
        while not self._closed:
            self._server.handle_request()
        self._served.put(None)

    def close(self) -> None:
        """Stop serving and free the port; to be called once it serves."""
        self._closed = True
        with suppress(OSError):
            socket.create_connection((self.endpoint.host, self.endpoint.port), _WOKEN_WITHIN_S).close()
        with suppress(Empty):
            self._served.get(timeout=_WOKEN_WITHIN_S)
        self._server.server_close()

    def reply(self, target: str) -> tuple[HTTPStatus, bytes]:
        """The status and the body of the answer to a question."""
        status, content = self._answer(target)
        return status, b"" if content is None else json.dumps(content).encode()


def _server(bind: Endpoint, wire: QueryWire) -> HTTPServer:
    class Question(_Question):
        answers = wire.reply

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
        allow_reuse_address = sys.platform != "win32"  # there it would share the port with whoever has it

        def server_bind(self) -> None:  # without looking up the host's name, which may take seconds
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
            self.socket.bind(self.server_address)
            self.server_address = self.socket.getsockname()

        def handle_error(self, *_: Any) -> None:
            """Who asked is gone in the middle of it: nobody need be told."""

    return Server((bind.host, bind.port), Question)


class _Question(BaseHTTPRequestHandler):
    """One GET: a question is read whole before it is understood, and no more of it than is allowed."""

    answers: Callable[[str], tuple[HTTPStatus, bytes]]

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(io.BytesIO(self._question()))

    def _question(self) -> bytes:
        read, ends_at = b"", now.seconds() + PATIENCE_S
        while b"\r\n\r\n" not in read and len(read) < LARGEST_QUESTION:
            self.connection.settimeout(max(ends_at - now.seconds(), 0.001))
            try:
                more = self.connection.recv(LARGEST_QUESTION - len(read))
            except TimeoutError:
                break
            if not more:
                break
            read += more
        self.connection.settimeout(PATIENCE_S)
        return read

    def do_GET(self) -> None:
        status, body = self.answers(self.path)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")  # pages that show such trees come from anywhere
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """A question is no news."""
