"""`meloformer bench hand` and `bench meter`: held-out pieces, played as a hand would."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from meloformer.bridge.beats import estimate
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.scripts.bench_meter import compared, played, summary
from meloformer.scripts.bench_tempo import drifting
from meloformer.scripts.by_hand import Player, is_on_grid, touches
from tunes import write_tunes


@pytest.fixture
def data(meloformer, tmp_path: Path) -> Path:
    write_tunes(tmp_path / "songs", 12)
    assert meloformer("prepare", tmp_path / "songs", "--out", tmp_path / "data").code == 0
    return tmp_path / "data"


def waltz(bars: int = 8) -> Score:
    """A bass and two chords in each bar."""
    notes = [
        Note(72 * bar + 24 * beat, 0, 36, 72 * bar + 24 * beat + 24, 20)
        for bar in range(bars)
        for beat in (0,)
    ]
    notes += [
        Note(72 * bar + 24 * beat, 0, pitch, 72 * bar + 24 * beat + 12, 16)
        for bar in range(bars)
        for beat in (1, 2)
        for pitch in (60, 64)
    ]
    return Score((Meter(3, 4),) * bars, (TempoChange(0, 70),), tuple(sorted(notes)))


def test_hearing_is_measured_for_every_player(meloformer, data: Path) -> None:
    outcome = meloformer("bench", "hand", data)
    assert outcome.code == 0
    told = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(told) == 5
    for record in told:
        assert record["onsets"] >= record["nearest_tick_onsets"]
    assert told[-1]["onsets"] == 100.0


def test_the_meter_is_measured_with_and_without_the_model(meloformer, tiny: Path, data: Path) -> None:
    outcome = meloformer("bench", "meter", data, "--presets", tiny, "--beats", 8)
    assert outcome.code == 0
    alone, weighed = (json.loads(line) for line in outcome.out.splitlines())
    assert alone["phrases"] == weighed["phrases"] >= 1
    assert alone["tempo"] == weighed["tempo"]


def test_a_player_strikes_beside_the_time_and_lets_go_before_the_end() -> None:
    notes = waltz().notes
    done = touches(notes, Player(), lambda tick: tick / 48, random.Random(1))
    assert [touch.seconds for touch in done] == sorted(touch.seconds for touch in done)
    assert len(done) == 2 * len(notes)
    late = [touch.seconds - touch.note.onset / 48 for touch in done if touch.is_down]
    assert 0.005 < max(map(abs, late)) < 0.1
    kept = [touch.note.end / 48 - touch.seconds for touch in done if not touch.is_down]
    assert sum(kept) / len(kept) > 0.0


def test_a_phrase_is_compared_with_what_was_meant() -> None:
    phrase = played(waltz(), 12, random.Random(3))
    assert phrase is not None and phrase.in_three
    found = estimate(phrase.onsets, bar=3.0)
    assert found is not None
    judged = compared(phrase, found)
    assert judged.meter
    assert summary([judged, judged])["threes"] == 2 * judged.tempo


def test_a_tempo_that_walks_has_as_many_beats_as_asked_for() -> None:
    for beats in (6, 8, 40):
        seconds = drifting(0.5, random.Random(1), beats).seconds
        assert len(seconds) == beats + 1
        assert list(seconds) == sorted(seconds)


def test_what_lies_on_thirty_seconds_or_triplets_is_on_a_grid() -> None:
    assert is_on_grid(waltz().notes)
    assert not is_on_grid([note._replace(onset=note.onset + 1) for note in waltz().notes])
