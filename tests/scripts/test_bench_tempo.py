"""`meloformer bench tempo`: phrases of files, played as by a human where a machine wrote them."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from meloformer.bridge.beats import Onset
from meloformer.scripts.bench_tempo import Phrase, compared, cut, is_unseen, piece_of, summary
from tunes import write_tunes


def backbeat(bpm: float) -> Phrase:
    """Kick and snare in turn, a hat on each eighth: it is clear what a beat is."""
    onsets = [Onset(eighth * 30 / bpm, 42, 90, True) for eighth in range(16)]
    onsets += [Onset(beat * 60 / bpm, 38 if beat % 2 else 36, 90, True) for beat in range(8)]
    return Phrase(tuple(sorted(onsets)), tuple(beat * 60 / bpm for beat in range(9)), 0, 4)


def test_each_collection_is_measured_and_says_how_it_was_played(meloformer, tmp_path: Path) -> None:
    write_tunes(tmp_path / "songs", 12)
    outcome = meloformer("bench", "tempo", tmp_path, "--phrases", 4)
    assert outcome.code == 0
    record = json.loads(outcome.out)
    assert (record["collection"], record["played"]) == ("songs", "with jitter and drift")
    assert record["phrases"] == 4
    shares = record["within_4_percent"] + record["octave_errors"] + record["other_ratios"]
    assert 0 <= shares <= 1
    assert record["median_ms"] > 0


def test_files_that_the_estimator_was_fitted_to_are_left_out(tmp_path: Path) -> None:
    names = [f"{number}.mid" for number in range(200)]
    assert 60 < sum(map(is_unseen, names)) < 140


def test_a_score_is_played_with_jitter_and_drift(tmp_path: Path) -> None:
    write_tunes(tmp_path, 1)
    piece = piece_of(next(tmp_path.rglob("*.mid")))
    assert piece is not None and not piece.is_played
    phrase = next(cut(piece, random.Random(1)))
    lengths = [later - sooner for sooner, later in zip(phrase.beats, phrase.beats[1:], strict=False)]
    assert len(set(lengths)) == 8
    assert phrase.bpm == pytest.approx(piece.bpm, rel=0.1)


def test_what_is_found_right_and_an_octave_off_are_told_apart() -> None:
    right = compared(backbeat(100.0))
    assert right.error < 0.01 and right.beat and right.line
    twice = compared(replace(backbeat(100.0), beats=tuple(beat * 60 / 50 for beat in range(9))))
    assert twice.ratio == pytest.approx(2.0, rel=0.01)
    assert not twice.beat and not twice.line
    told = summary([right, right, right, twice])
    assert told["within_4_percent"] == 0.75
    assert told["octave_errors"] == 0.25
    assert told["within_4_percent_octaves_apart"] == 1.0
