"""The phrase that demo and doctor play."""

from __future__ import annotations

from meloformer.model.score import Meter
from meloformer.model.vocabulary import DRUMS
from meloformer.scripts.phrase import BARS, phrase


def test_the_phrase_fills_its_bars_with_a_whole_band() -> None:
    score = phrase()
    assert score.meters == (Meter(4, 4),) * BARS
    assert DRUMS in score.instruments()
    assert len(score.instruments()) == 4
    for start in score.bar_starts[:-1]:
        sounding = {note.instrument for note in score.notes if start <= note.onset < start + 96}
        assert sounding == set(score.instruments())


def test_no_two_notes_of_one_part_and_pitch_overlap_and_none_leaves_the_phrase() -> None:
    ends: dict[tuple[int, int], int] = {}
    for note in phrase().notes:
        assert note.onset >= ends.get((note.instrument, note.pitch), 0)
        assert note.onset < note.end <= phrase().ticks
        ends[note.instrument, note.pitch] = note.end
