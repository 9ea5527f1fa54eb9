"""OSC packets and their bytes: python-osc reads and writes single messages, bundles are walked here.

A datagram comes from anywhere, so a bundle may be nested without end, hold thousands of messages, or give
an element a negative size (python-osc would walk in circles). Whatever is not OSC is a `PacketError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import BuildError, OscMessageBuilder
from pythonosc.parsing import osc_types

MAX_DEPTH: Final = 4
MAX_MESSAGES: Final = 1024
_BUNDLE: Final = b"#bundle\x00"
_TAGS: Final = frozenset("ihfdsbrmtTFN[]")
_INT32: Final = struct.Struct(">i")

Argument = int | float | str | bytes | bool | None | tuple[int, ...] | list["Argument"]


class PacketError(ValueError):
    """A datagram that is not OSC, or more than the bounds allow: what, why, and the way out."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `epoch_s` is when it is to happen (seconds since 1970), None for at once."""

    address: str
    arguments: tuple[Argument, ...]
    epoch_s: float | None = None


def unpack(datagram: bytes) -> list[Message]:
    """The messages of a datagram in their order, each with the time tag of its bundle; raises PacketError."""
    messages: list[Message] = []
    for message in _walk(datagram, None, 0):
        if len(messages) == MAX_MESSAGES:
            raise PacketError(f"more than {MAX_MESSAGES} messages in one datagram; send it in parts")
        messages.append(message)
    return messages


def pack(address: str, arguments: Sequence[Argument], types: str = "") -> bytes:
    """One message; `types` are OSC type tags, guessed from the values where left out."""
    builder = OscMessageBuilder(address)
    try:
        for place, argument in enumerate(arguments):
            builder.add_arg(argument, types[place] if types else None)
        return builder.build().dgram
    except (BuildError, ValueError) as error:
        raise PacketError(f"{address} cannot be sent: {error}") from None


def bundle(epoch_s: float, *elements: bytes) -> bytes:
    """Packed messages that all happen at one time (seconds since 1970)."""
    sized = (_INT32.pack(len(element)) + element for element in elements)
    return b"".join((_BUNDLE, osc_types.write_date(epoch_s), *sized))


def _walk(packet: bytes, epoch_s: float | None, depth: int) -> Iterator[Message]:
    if not packet.startswith(_BUNDLE):
        yield _message(packet, epoch_s)
        return
    if depth == MAX_DEPTH:
        raise PacketError(f"bundles nested more than {MAX_DEPTH} deep; send them one by one")
    inner = _date(packet)
    for element in _elements(packet):
        yield from _walk(element, inner, depth + 1)


def _elements(packet: bytes) -> Iterator[bytes]:
    index = len(_BUNDLE) + 8
    while index < len(packet):
        if index + 4 > len(packet):
            raise PacketError("a bundle that ends inside an element's size; the datagram was cut short")
        (size,) = _INT32.unpack_from(packet, index)
        index += 4
        if not 0 < size <= len(packet) - index:
            raise PacketError(f"a bundle element of {size} bytes where {len(packet) - index} are left")
        yield packet[index : index + size]
        index += size


def _date(packet: bytes) -> float | None:
    try:
        epoch_s, _ = osc_types.get_date(packet, len(_BUNDLE))
    except osc_types.ParseError:
        raise PacketError("a bundle without its time tag; the datagram was cut short") from None
    return None if epoch_s == osc_types.IMMEDIATELY else epoch_s


def _message(packet: bytes, epoch_s: float | None) -> Message:
    if not packet.startswith(b"/"):
        raise PacketError("not an OSC packet: it starts with neither '/' nor '#bundle'")
    try:
        address, index = osc_types.get_string(packet, 0)
        tags = osc_types.get_string(packet, index)[0] if index < len(packet) else ","
        unknown = set(tags[1:]) - _TAGS
        if unknown:
            raise PacketError(f"{address:.60} has arguments of unknown type {''.join(sorted(unknown))!r:.20}")
        return Message(address, tuple(OscMessage(packet).params), epoch_s)
    except PacketError:
        raise
    except (ParseError, osc_types.ParseError, ValueError, OverflowError) as error:
        raise PacketError(f"not an OSC message ({error!s:.80})") from None
