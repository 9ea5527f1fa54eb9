"""OSC over UDP: one socket that hears everybody, and speaks to the reply address and to every client."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from meloformer.bridge import now
from meloformer.bridge.border import address_of, read, write
from meloformer.bridge.errors import BridgeError, Code, Refused
from meloformer.bridge.outgoing import Error, Outgoing
from meloformer.bridge.session.events import Received, Rejected
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports.packing import Message, PacketError, bundle, pack, unpack

LARGEST_DATAGRAM: Final = 65_535
# A whole phrase can arrive at once; a note lost here would be a stuck note.
_RECEIVE_BYTES: Final = 1 << 20
_WOKEN_WITHIN_S: Final = 1.0
_ERROR: Final = address_of(Error)


class OscWire:
    """What arrives is told to `arrived` on the thread that serves; sending belongs to one other thread."""

    def __init__(
        self, bind: Endpoint, reply: Endpoint, arrived: Callable[[Received | Rejected], None]
    ) -> None:
        self._socket = _bound(bind)
        self._arrived = arrived
        self._closed = False
        self._serves = False
        self._served: SimpleQueue[None] = SimpleQueue()
        self._reply = _looked_up(reply)
        self.clients: frozenset[tuple[str, int]] = frozenset()  # beside the reply address; set by who sends
        self._unreachable: set[tuple[str, int]] = set()
        host, port = self._socket.getsockname()[:2]
        self.endpoint = Endpoint(host, port)

    def send(self, message: Outgoing, at: float | None = None, asker: tuple[str, int] | None = None) -> None:
        """To every client; with the monotonic instant `at` as a bundle that carries it as its time tag.

        `asker` gets it besides, who may be one of them: each gets it once.
        """
        packet = pack(*write(message))
        if at is not None:
            packet = bundle(now.to_epoch(at), packet)
        askers = () if asker is None else (asker,)
        for client in {self._reply, *self.clients, *askers}:
            self._send_to(client, packet)

    def serve(self) -> None:
        """Read datagrams until the wire is closed; runs on a thread of its own."""
        self._serves = True
        self._read()
        self._served.put(None)

    def close(self) -> None:
        """Stop serving and free the port, which belongs to whoever reads from it for as long as they do."""
        self._closed = True
        self._send_to((self.endpoint.host, self.endpoint.port), b"")  # wakes `serve`
        if self._serves:
            with suppress(Empty):
                self._served.get(timeout=_WOKEN_WITHIN_S)
        self._socket.close()

    def _read(self) -> None:
        while True:
            try:
                datagram, sender = self._socket.recvfrom(LARGEST_DATAGRAM)
            except ConnectionResetError:
                continue  # Windows tells here that an earlier reply found nobody listening
            except OSError:
                return
            if self._closed:
                return
            self._take(datagram, sender[:2], now.seconds())

    def _take(self, datagram: bytes, sender: tuple[str, int], arrival_s: float) -> None:
        try:
            messages = unpack(datagram)
        except PacketError as error:
            self._refuse(Refused(Code.NOT_OSC, "", str(error)), sender)
            return
        for message in messages:
            if message.address == _ERROR:
                continue  # an answer to it could be answered again, without end
            try:
                at = _instant(message, arrival_s)
                host, port = sender
                self._arrived(Received(read(message.address, message.arguments), host, at, port))
            except Refused as refused:
                self._refuse(refused, sender)

    def _refuse(self, refused: Refused, sender: tuple[str, int]) -> None:
        """Tell the sender, who may not be a client, and the session, which tells the clients and counts."""
        if sender != self._reply and sender not in self.clients:
            error = Error(refused.code, refused.address, refused.reason)
            self._send_to(sender, pack(*write(error)))
        self._arrived(Rejected(refused))

    def _send_to(self, client: tuple[str, int], packet: bytes) -> None:
        try:
            self._socket.sendto(packet, client)
        except OSError as error:
            # One client that cannot be reached must not keep a note from the others.
            if client not in self._unreachable:
                self._unreachable.add(client)
                print(f"OSC cannot be sent to {Endpoint(*client)}: {error}", file=sys.stderr, flush=True)


def _looked_up(reply: Endpoint) -> tuple[str, int]:
    """By its number, as clients are known, and so that no note waits for a name; else as it was said."""
    with suppress(OSError):
        return socket.gethostbyname(reply.host), reply.port
    return reply.host, reply.port


def _instant(message: Message, arrival_s: float) -> float:
    """When a message is meant, in monotonic seconds: its time tag, else its arrival."""
    return arrival_s if message.epoch_s is None else now.from_epoch(message.epoch_s)


def _bound(bind: Endpoint) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(bind.host, bind.port, type=socket.SOCK_DGRAM)[0]
        wire = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise BridgeError(
            f"OSC cannot use {bind} ({error.strerror}); choose another --osc HOST:PORT"
        ) from None
    try:
        if sys.platform == "win32":  # there, two programs may otherwise share a port and lose messages
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        wire.bind(address)
    except OSError as error:
        wire.close()
        raise BridgeError(
            f"OSC cannot listen on {bind} ({error.strerror}); close what is there, or choose --osc HOST:PORT"
        ) from None
    return wire
