"""What the OSC border reads and writes, and what it refuses."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from meloformer.bridge.transports.packing import (
    MAX_DEPTH,
    MAX_MESSAGES,
    Message,
    PacketError,
    bundle,
    pack,
    unpack,
)

NESTED = b"#bundle\x00" + struct.pack(">Q", 1)


def nested(depth: int) -> bytes:
    packet = pack("/melo/ping", [])
    for _ in range(depth):
        packet = NESTED + struct.pack(">i", len(packet)) + packet
    return packet


def test_a_message_comes_back_as_it_was_packed() -> None:
    packet = pack("/melo/note", [1, 60, 100])
    assert unpack(packet) == [Message("/melo/note", (1, 60, 100))]


def test_a_bundle_gives_its_messages_their_time() -> None:
    packet = bundle(1_700_000_000.25, pack("/a", [1]), pack("/b", ["two"]))
    first, second = unpack(packet)
    assert (first.address, second.arguments) == ("/a", ("two",))
    assert first.epoch_s == pytest.approx(1_700_000_000.25, abs=1e-6)


def test_an_immediate_bundle_has_no_time() -> None:
    assert unpack(nested(1)) == [Message("/melo/ping", ())]


def test_types_given_by_name_are_written() -> None:
    packet = pack("/melo/transport/tempo", [120], "f")
    assert OscMessage(packet).params == [120.0]


def test_what_cannot_be_packed_is_refused_with_its_address() -> None:
    with pytest.raises(PacketError, match="/melo/out/bar"):
        pack("/melo/out/bar", ["text"], "i")


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "not an OSC packet"),
        (b"GET / HTTP/1.1\r\n", "not an OSC packet"),
        (b"/melo", "not an OSC message"),
        (b"/melo\x00\x00\x00,i\x00\x00", "not an OSC message"),
        (b"/\xff\xfe\x00,\x00\x00\x00", "not an OSC message"),
        (b"/a\x00\x00,c\x00\x00\x00\x00\x00a", "unknown type 'c'"),
        (b"#bundle\x00\x00\x00", "time tag"),
        (NESTED + b"\x00\x00", "cut short"),
        (NESTED + struct.pack(">i", 0), "0 bytes"),
        (NESTED + struct.pack(">i", -4), "-4 bytes"),
        (NESTED + struct.pack(">i", 4000), "4000 bytes where 0"),
        (nested(MAX_DEPTH + 1), "nested more than"),
        (nested(3000), "nested more than"),
        (bundle(0.0, *[pack("/a", [])] * (MAX_MESSAGES + 1)), "more than"),
    ],
)
def test_hostile_datagrams_are_refused_with_a_reason(datagram: bytes, reason: str) -> None:
    with pytest.raises(PacketError, match=reason):
        unpack(datagram)


def test_the_deepest_allowed_bundle_is_read() -> None:
    assert unpack(nested(MAX_DEPTH)) == [Message("/melo/ping", ())]


@given(st.binary(max_size=256) | st.binary(max_size=128).map(NESTED.__add__) | st.binary().map(b"/".__add__))
def test_any_bytes_are_read_or_refused(datagram: bytes) -> None:
    try:
        unpack(datagram)
    except PacketError as refused:
        assert str(refused)
