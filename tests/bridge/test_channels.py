"""From channels to instruments and back."""

from __future__ import annotations

import pytest

from meloformer.bridge.channels import instrument_of, way_out
from meloformer.presets.parts import Part

PARTS = (Part(1, 4, "chords", low=48), Part(1, 32, "bass", high=47), Part(10, 128, "drums"))


@pytest.mark.parametrize(
    ("channel", "pitch", "instrument"),
    [(1, 60, 4), (1, 40, 32), (10, 36, 128), (3, 60, 0), (5, 60, 73)],
    ids=["a part", "a split", "drums", "nobody's channel", "a channel with a program change"],
)
def test_a_live_note_is_heard_as_its_part_or_its_program(channel: int, pitch: int, instrument: int) -> None:
    assert instrument_of(PARTS, {5: 73, 1: 99}, channel, pitch) == instrument


def test_without_any_part_channel_ten_is_the_drum_kit() -> None:
    assert instrument_of((), {}, 10, 36) == 128


@pytest.mark.parametrize(
    ("instrument", "channel"),
    [(4, 1), (32, 1), (128, 10), (73, 5), (0, 1)],
    ids=["own part", "own bass part", "drums", "where it was heard", "the part whose role takes it"],
)
def test_an_answered_note_leaves_by_its_part_or_where_it_was_heard(instrument: int, channel: int) -> None:
    assert way_out(PARTS, {73: 5}, instrument, 60)[0] == channel


def test_a_part_keeps_what_it_plays_in_its_range() -> None:
    assert way_out(PARTS, {}, 32, 60) == (1, 36)
