"""Whatever stands in a file, reading ends soon, in little memory, with a score or a MidiError."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meloformer.model.decoder import decode
from meloformer.model.midi import MidiError, read, write
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.telling import encode

Event = tuple[int, bytes]
FARTHEST = 2**28 - 1  # the longest wait that one event can tell
NOTE = [(0, b"\x90\x3c\x50"), (480, b"\x80\x3c\x00")]
NOTHING = b"\xff\x01\x00"


def number(value: int) -> bytes:
    """A number as MIDI files write them: seven bits a byte, the last one below 128."""
    digits = [value & 127]
    while value := value >> 7:
        digits.append(128 | value & 127)
    return bytes(reversed(digits))


def chunk(events: Iterable[Event]) -> bytes:
    body = b"".join(number(wait) + event for wait, event in [*events, (0, b"\xff\x2f\x00")])
    return b"MTrk" + struct.pack(">I", len(body)) + body


def file(*events: Event, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, 1, 1, division) + chunk(events)


def time_signature(numerator: int, power: int) -> bytes:
    return bytes([0xFF, 0x58, 4, numerator, power, 24, 8])


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


def read_or_refused(folder: Path, data: bytes) -> Score | None:
    """A score that can be encoded, or None where the file was refused; anything else fails."""
    path = folder / "hostile.mid"
    path.write_bytes(data)
    try:
        score = read(path)
    except MidiError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        return None
    assert decode(encode(score)) == score
    return score


def a_small_file(folder: Path) -> bytes:
    notes = (Note(0, 0, 60, 24, 20), Note(24, 33, 36, 96, 25), Note(48, 128, 38, 54, 30))
    write(
        Score((Meter(4, 4), Meter(7, 8)), (TempoChange(0, 70), TempoChange(100, 80)), notes), folder / "a.mid"
    )
    return (folder / "a.mid").read_bytes()


def test_a_file_cut_at_any_byte_is_a_score_or_refused(tmp_path: Path) -> None:
    data = a_small_file(tmp_path)
    read_scores = [read_or_refused(tmp_path, data[:stop]) for stop in range(len(data) + 1)]
    assert read_scores[-1] is not None


def test_a_file_with_any_byte_changed_is_a_score_or_refused(tmp_path: Path) -> None:
    data, chance = a_small_file(tmp_path), random.Random(0)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] = chance.choice((0, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        read_or_refused(tmp_path, bytes(changed))


@settings(max_examples=200)
@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_random_bytes_behind_a_header_are_a_score_or_refused(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, division: int
) -> None:
    header = b"MThd" + struct.pack(">IHHH", 6, 1, 1, division)
    data = header + b"MTrk" + struct.pack(">I", len(body)) + body
    read_or_refused(tmp_path_factory.getbasetemp(), data)


HOSTILE = {
    "a 64th meter and a note at the end of time": file(
        (0, time_signature(1, 6)), *[(FARTHEST, NOTHING)] * 4, *NOTE
    ),
    "a note past what 32 bits can count": file(*[(FARTHEST, NOTHING)] * 9, *NOTE),
    "a note that lasts for ever": file(
        (0, b"\x90\x3c\x50"), *[(FARTHEST, NOTHING)] * 7, (0, b"\x80\x3c\x00")
    ),
    "a pedal that is held for ever": file(
        (0, b"\xb0\x40\x7f"), *NOTE, *[(FARTHEST, NOTHING)] * 7, (0, b"\xb0\x40\x00")
    ),
    "thirty thousand meters": file(*[(60, time_signature(1 + i % 2, 5)) for i in range(30_000)], *NOTE),
    "thirty thousand meters in one bar": file(
        *[(1, time_signature(1 + i % 2, 5)) for i in range(30_000)], *NOTE
    ),
    "a meter of nothing": file((0, time_signature(0, 2)), *NOTE),
    "the longest meter": file((0, time_signature(255, 0)), *NOTE),
    "a denominator of 2 to the 255th": file((0, time_signature(1, 255)), *NOTE),
    "a denominator of 2 to the 31st": file((0, time_signature(1, 31)), *NOTE),
    "a tempo of nothing": file((0, tempo(0)), *NOTE),
    "the fastest tempo": file((0, tempo(1)), *NOTE),
    "the slowest tempo": file((0, tempo(0xFFFFFF)), *NOTE),
    "no ticks in a quarter": file(*NOTE, division=0),
    "time in film frames": file(*NOTE, division=0xE728),
    "a track that claims four gigabytes": file(*NOTE)[:18] + b"\xff\xff\xff\xff" + file(*NOTE)[22:],
    "65535 tracks": file(*NOTE)[:10] + b"\xff\xff" + file(*NOTE)[12:],
    "a message that claims a quarter gigabyte": file((0, b"\xf0" + number(FARTHEST)), *NOTE),
    "running status from nowhere": file((0, b"\x3c\x50"), *NOTE),
    "a pitch of 255": file((0, b"\x90\xff\x50"), (480, b"\x80\xff\x00")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_score_or_refused(tmp_path: Path, name: str) -> None:
    read_or_refused(tmp_path, HOSTILE[name])


def test_endless_bars_are_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "long.mid").write_bytes(HOSTILE["a 64th meter and a note at the end of time"])
    with pytest.raises(MidiError, match="more than 20000 bars; cut it into pieces"):
        read(tmp_path / "long.mid")
