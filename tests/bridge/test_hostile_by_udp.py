"""What no musician means but wires bring: over real UDP, to a real bridge, each with a defined answer.

A time tag in the past means now. One too far ahead is refused; the latest that there is lies in 2036, and one
of the year 2100 has wrapped round into the past. The end of a note that was not played means nothing. A flood
of notes is heard as far as the system hands it over, and panic takes it back.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import Bridge, osc_client, running_bridge
from meloformer.bridge.errors import Code
from meloformer.bridge.transports.packing import pack
from playing import BRISK, assert_answered, send_phrase

SINCE_1900_S = 2_208_988_800
IN_2100_S = 4_102_444_800 + SINCE_1900_S
FLOOD = 10_000


@pytest.fixture(scope="module")
def served(presets: Path) -> Iterator[Bridge]:
    with running_bridge("--presets", str(presets)) as bridge:
        yield bridge


@pytest.fixture
def bridge(served: Bridge) -> Bridge:
    """The bridge of this module, with nothing heard."""
    served.send("/melo/panic")
    served.send("/melo/transport/tempo", BRISK)
    served.ask("/melo/ping", "/melo/pong")
    served.client.heard.clear()
    return served


def tagged(seconds_since_1900: int) -> bytes:
    """A ping in a bundle of that time, as 32 bits say it."""
    ping = pack("/melo/ping", [])
    return b"#bundle\x00" + struct.pack(">III", seconds_since_1900 % 2**32, 0, len(ping)) + ping


@pytest.mark.parametrize("seconds", [10, SINCE_1900_S, IN_2100_S], ids=["1900", "1970", "2100, wrapped"])
def test_a_time_tag_in_the_past_means_now(bridge: Bridge, seconds: int) -> None:
    bridge.client.send_bytes(bridge.port, tagged(seconds))
    bridge.client.wait_for("/melo/pong")


def test_the_latest_time_tag_that_there_is_is_refused(bridge: Bridge) -> None:
    bridge.client.send_bytes(bridge.port, tagged(2**32 - 1))
    code, address, reason = bridge.client.wait_for("/melo/error").arguments
    assert (code, address) == (Code.OUT_OF_RANGE, "/melo/ping")
    assert "ahead" in reason
    assert not bridge.client.all("/melo/pong")


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("/melo/transport/meter", (7, 5)),
        ("/melo/help", ("/nope",)),
        ("/melo/infill", (5, 2)),
        ("/melo/phrase/end", ()),
    ],
)
def test_a_stranger_is_told_once_why_its_message_is_not_taken_and_nothing_else(
    bridge: Bridge, address: str, arguments: tuple[int | str, ...]
) -> None:
    with osc_client() as stranger:
        stranger.send(bridge.port, address, *arguments)
        bridge.client.wait_for("/melo/error")
        stranger.wait_for("/melo/error")
        stranger.send(bridge.port, "/melo/phrase/begin")
        bridge.client.wait_for("/melo/state")
        assert [(message.address, message.arguments[1]) for message in stranger.heard] == [
            ("/melo/error", address)
        ]


def test_ends_of_notes_that_were_not_played_mean_nothing(bridge: Bridge) -> None:
    for pitch in range(128):
        bridge.send("/melo/note", 1 + pitch % 16, pitch, 0)
    bridge.ask("/melo/ping", "/melo/pong")
    assert not bridge.client.all("/melo/error")
    assert not bridge.client.all("/melo/state")  # no phrase has begun
    send_phrase(bridge)
    assert_answered(bridge)


def test_ten_thousand_notes_in_a_second_are_heard_and_a_phrase_after_them_is_answered(bridge: Bridge) -> None:
    began = time.monotonic()
    for number in range(FLOOD):
        bridge.send("/melo/note", 1 + number % 16, 36 + number // 2 % 48, 90 if number % 2 == 0 else 0)
        time.sleep(max(0.0, began + number / FLOOD - time.monotonic()) if number % 100 == 0 else 0)
    bridge.ask("/melo/ping", "/melo/pong")
    bridge.send("/melo/panic")
    bridge.ask("/melo/ping", "/melo/pong")
    bridge.client.heard.clear()
    send_phrase(bridge)
    assert_answered(bridge)
