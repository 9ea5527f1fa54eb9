"""The error family of the bridge: each says what was wrong, why, and the way out."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The numbers that `/melo/error` carries first."""

    NOT_OSC = 1
    UNKNOWN_ADDRESS = 2
    WRONG_COUNT = 3
    WRONG_TYPE = 4
    OUT_OF_RANGE = 5
    NOT_NOW = 6
    TOO_MUCH = 7
    NOT_FOUND = 8
    ENGINE = 9
    CLOCK = 10
    GAVE_WAY = 11
    NOT_KEPT = 12
    MIDI = 13

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Code.NOT_OSC: "the packet is not OSC",
    Code.UNKNOWN_ADDRESS: "no such address; the nearest one is named",
    Code.WRONG_COUNT: "too few or too many arguments",
    Code.WRONG_TYPE: "an argument of another type",
    Code.OUT_OF_RANGE: "a value outside its range, or not a number",
    Code.NOT_NOW: "this cannot be done in the present state",
    Code.TOO_MUCH: "more than the bridge keeps",
    Code.NOT_FOUND: "a text that is none of those allowed",
    Code.ENGINE: "the engine failed; what to do is said",
    Code.CLOCK: "the clock that is followed is gone, is not the only one, or cannot be followed",
    Code.NOT_KEPT: "something works, but could not be written to disk",
    Code.MIDI: "the MIDI ports are gone; they are opened again when they are back",
    Code.GAVE_WAY: "a limit left an instrument no note, and was not kept for it",
}


class BridgeError(Exception):
    """Anything the bridge says no to; the message ends with the way out."""


class Refused(BridgeError):  # noqa: N818 - an answer to a client, not a fault of the bridge
    """A message that is not taken and has changed nothing.

    `address` is the OSC address it came for, or would have come for; empty for what is not OSC.
    """

    def __init__(self, code: Code, address: str, reason: str) -> None:
        super().__init__(f"{address}: {reason}" if address else reason)
        self.code = code
        self.address = address
        self.reason = reason
