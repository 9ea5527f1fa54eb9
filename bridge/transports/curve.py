"""ZeroMQ sockets that speak CURVE: keys first, and not a byte of ours before both sides have shown theirs.

Only plain bytes in frames go through them; whatever ZeroMQ could do with Python objects is not used.
"""

from __future__ import annotations

import hmac
from enum import Enum
from typing import Any, Final

import zmq
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

from meloformer.bridge.engine.parcels import LARGEST_PARCEL
from meloformer.bridge.errors import BridgeError
from meloformer.bridge.settings import Endpoint
from meloformer.bridge.transports.keys import EngineKey, LaptopKey

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]
HANDSHAKE_WITHIN_S: Final = 3.0
_DOMAIN: Final = b"meloformer"
_ZAP: Final = "inproc://zeromq.zap.01"
_ZAP_KEY: Final = 6  # of the frames of a question: version, id, domain, address, identity, mechanism, key
# A wire that says nothing for so long is broken. Three lost packets in a row are sent again within it.
_BEAT_MS: Final = 500
_SILENT_MS: Final = 1500
_LAST_WORDS_MS: Final = 200
_SEAL_BYTES: Final = 256  # what encrypting adds to a frame, and more


class Fate(Enum):
    """What became of a wire that was dialled."""

    SHAKEN = "both sides have shown their keys"
    REFUSED = "one side did not know the other's key"
    UNREACHED = "nobody is there"
    BROKEN = "it was there and is gone"


def dialled(context: Context, place: Endpoint, key: LaptopKey) -> tuple[Socket, Socket]:
    """A socket that connects to an engine once, and the one that tells what becomes of that."""
    wire = _socket(context, zmq.DEALER, place)
    wire.curve_serverkey = key.engine_public
    wire.curve_publickey = key.public
    wire.curve_secretkey = key.secret
    wire.setsockopt(zmq.IMMEDIATE, 1)
    wire.setsockopt(zmq.RECONNECT_IVL, -1)  # a new connection is a new engine, so nobody may make one unseen
    wire.setsockopt(zmq.RCVHWM, 0)
    monitor: Socket = wire.get_monitor_socket()
    try:
        wire.connect(f"tcp://{place}")
    except zmq.ZMQError as error:
        hang_up(wire, monitor)
        raise BridgeError(f"tcp://{place} is no place of an engine ({error.strerror})") from None
    return wire, monitor


def hang_up(wire: Socket, monitor: Socket) -> None:
    """Free what `dialled` gave; last words have a moment to leave.

    In this order: where nobody reads the monitor any more, ZeroMQ waits for ever to say that it has ended.
    """
    wire.disable_monitor()
    monitor.close()
    wire.close()


def listening(context: Context, place: Endpoint, key: EngineKey) -> tuple[Socket, Socket, Endpoint]:
    """A socket that whoever holds the key can reach, the one that asks about keys, and its endpoint."""
    asks: Socket = context.socket(zmq.REP)
    asks.bind(_ZAP)
    wire = _socket(context, zmq.ROUTER, place)
    wire.curve_server = True
    wire.curve_secretkey = key.secret
    wire.setsockopt(zmq.ZAP_DOMAIN, _DOMAIN)
    wire.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # without an answer about its key, nobody comes in
    wire.setsockopt(zmq.ROUTER_MANDATORY, 1)
    try:
        wire.bind(f"tcp://{place}")
    except zmq.ZMQError as error:
        raise BridgeError(
            f"the engine cannot listen on {place} ({error.strerror}); choose another --listen HOST:PORT"
        ) from None
    port = int(wire.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])
    return wire, asks, Endpoint(place.host, port)


def _socket(context: Context, kind: int, place: Endpoint) -> Socket:
    wire: Socket = context.socket(kind)
    wire.setsockopt(zmq.IPV6, int(":" in place.host))
    wire.setsockopt(zmq.MAXMSGSIZE, LARGEST_PARCEL + _SEAL_BYTES)
    wire.setsockopt(zmq.HANDSHAKE_IVL, int(HANDSHAKE_WITHIN_S * 1000))
    wire.setsockopt(zmq.HEARTBEAT_IVL, _BEAT_MS)
    wire.setsockopt(zmq.HEARTBEAT_TIMEOUT, _SILENT_MS)
    wire.setsockopt(zmq.SNDHWM, 0)  # an answer that waits for a slow wire must not lose a note
    wire.setsockopt(zmq.LINGER, _LAST_WORDS_MS)
    return wire


def answer_about_key(asks: Socket, key: EngineKey) -> bool:
    """Answer one of ZeroMQ's questions whether a key may come in; what was answered."""
    question = asks.recv_multipart()
    shown = question[_ZAP_KEY] if len(question) == _ZAP_KEY + 1 and question[5] == b"CURVE" else b""
    known = hmac.compare_digest(shown, z85.decode(key.laptop_public))
    status, text = (b"200", b"") if known else (b"400", b"unknown key")
    asks.send_multipart([b"1.0", question[1], status, text, b"laptop" if known else b"", b""])
    return known


def fate(monitor: Socket) -> Fate | None:
    """What became of a dialled wire since it was last asked; None: nothing yet."""
    while monitor.poll(0):
        event: dict[str, Any] = dict(recv_monitor_message(monitor))
        if (told := _FATES.get(event["event"])) is not None:
            return told
    return None


_FATES: Final = {
    int(zmq.EVENT_HANDSHAKE_SUCCEEDED): Fate.SHAKEN,
    int(zmq.EVENT_HANDSHAKE_FAILED_AUTH): Fate.REFUSED,
    int(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL): Fate.REFUSED,
    int(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL): Fate.REFUSED,
    int(zmq.EVENT_CLOSED): Fate.UNREACHED,
    int(zmq.EVENT_DISCONNECTED): Fate.BROKEN,
}
