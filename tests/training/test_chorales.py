"""A copy of the public chorales becomes scores that hold all it says, or one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model.decoder import decode
from meloformer.model.score import Score
from meloformer.model.telling import encode
from meloformer.training.chorales import (
    MOST_SIXTEENTHS,
    PROGRAMS,
    SILENT,
    SIXTEENTH,
    SIXTEENTHS_PER_BAR,
    Step,
    chorale,
    read,
)
from meloformer.training.errors import ChoraleError
from tunes import CHORALE, write_chorales

voices = st.tuples(*[st.sampled_from((SILENT, 60, 60, 62, 67))] * 4)  # they share pitches, and cross


def grid(score: Score, sixteenths: int) -> list[Step]:
    """The pitches of each sixteenth again."""
    steps = [[SILENT] * len(PROGRAMS) for _ in range(sixteenths)]
    for note in score.notes:
        for at in range(note.onset // SIXTEENTH, note.end // SIXTEENTH):
            steps[at][PROGRAMS.index(note.instrument)] = note.pitch
    return [(one[0], one[1], one[2], one[3]) for one in steps]


@given(st.lists(voices, min_size=1, max_size=40))
def test_the_tokens_of_a_chorale_hold_every_sixteenth_of_every_voice(steps: list[Step]) -> None:
    made = chorale(steps)
    assert grid(decode(encode(made.score)), made.sixteenths) == steps


def test_equal_pitches_in_a_row_are_one_held_note() -> None:
    made = chorale([(72, 67, 64, 48)] * 3 + [(72, 67, 65, 48)] + [(72, SILENT, 65, 48)])
    assert (made.notes, made.frames, made.sixteenths) == (5, 19, 5)


def test_a_chorale_fills_whole_bars_of_four_quarters_and_may_end_in_silence() -> None:
    made = chorale([(72, 67, 64, 48)] * (SIXTEENTHS_PER_BAR + 1))
    assert len(made.score.meters) == 2
    assert made.score.ticks == 2 * 4 * 24
    assert max(note.end for note in made.score.notes) == (SIXTEENTHS_PER_BAR + 1) * SIXTEENTH


def test_each_split_of_the_file_is_read(tmp_path: Path) -> None:
    found = read(write_chorales(tmp_path / "chorales.json", {"train": 3, "test": 1}))
    assert {name: len(chorales) for name, chorales in found.items()} == {"train": 3, "test": 1}
    assert found["test"][0] == chorale(CHORALE)


def test_silence_and_pitches_may_be_written_in_each_way_that_copies_have(tmp_path: Path) -> None:
    ways = [[60, -1, 64.0, 48], [60.0, float("nan"), 64, 48.0], [60, -1.0, 64, 48]]
    found = read(written(tmp_path, {"valid": [ways]}))
    assert found["valid"] == [chorale([(60, SILENT, 64, 48)] * 3)]


def test_a_step_that_is_shorter_leaves_the_lower_voices_silent(tmp_path: Path) -> None:
    found = read(written(tmp_path, {"test": [[[60, 52], []]]}))
    assert found["test"] == [chorale([(60, 52, SILENT, SILENT), (SILENT,) * 4])]


def written(folder: Path, said: Any) -> Path:
    path = folder / "chorales.json"
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return path


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("{", "is no JSON .*; get the file anew"),
        ("[" * 100_000, "is no JSON .*; get the file anew"),
        ([], "none of train, valid, test; each is a list"),
        ({"training": [[[60]]]}, "none of train, valid, test; each is a list"),
        ({"test": []}, "test is no list of chorales"),
        ({"test": {"0": [[60]]}}, "test is no list of chorales"),
        ({"test": [[[60]], []]}, f"test, chorale 2 is no list of 1 to {MOST_SIXTEENTHS} sixteenths"),
        ({"test": [[[60]] * (MOST_SIXTEENTHS + 1)]}, "chorale 1 is no list of 1 to"),
        ({"test": [[[60], 60]]}, "test, chorale 1, sixteenth 2 is no list of up to 4 pitches"),
        ({"test": [[[60, 61, 62, 63, 64]]]}, "sixteenth 1 is no list of up to 4 pitches"),
        ({"test": [[[128]]]}, "sixteenth 1: 128 is no pitch; write 0 to 127, or -1"),
        ({"test": [[[60.5]]]}, "60.5 is no pitch"),
        ({"test": [[[float("inf")]]]}, "inf is no pitch"),
        ({"test": [[["C4"]]]}, "'C4' is no pitch"),
        ({"test": [[[True]]]}, "True is no pitch"),
        ({"test": [[[None]]]}, "None is no pitch"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_place_and_the_way_out(
    tmp_path: Path, said: Any, complaint: str
) -> None:
    with pytest.raises(ChoraleError, match=complaint) as refused:
        read(written(tmp_path, said))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["jsb-chorales-16th.pkl", "Jsb16thSeparated.npz"])
def test_a_pickle_is_never_opened(tmp_path: Path, name: str) -> None:
    """It is not even there."""
    with pytest.raises(ChoraleError, match=r"only \.json is read.*take Jsb16thSeparated\.json"):
        read(tmp_path / name)
