"""All measures at once: the copy does not pass, nor does another piece, and real music does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from meloformer.training.comparison import COPIED_RUN, COPY, OTHER, REAL, Comparison, compared
from meloformer.training.copied import Learnt, symbols_of
from meloformer.training.measures import MEASURES
from meloformer.training.prompts import Prompt
from tunes import tune


def prompt(seed: int) -> Prompt:
    piece = tune(seed, bars=24)
    return Prompt("tunes", f"tune{seed}", 0, piece.bars(0, 16), piece.bars(16, 24))


PROMPTS = [prompt(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    learnt = Learnt(symbols_of(np.array(PROMPTS[0].real.notes, dtype=np.int64)))
    return compared(PROMPTS, {"perfect": [[one.real, one.real] for one in PROMPTS]}, learnt)


def test_an_answer_that_is_the_real_one_is_at_no_distance(comparison: Comparison) -> None:
    for name in ("entropy", "groove", "density", "echo"):
        distances = comparison.distances("perfect", name)
        assert distances.shape == (6, 2)
        assert np.nan_to_num(distances).max() == 0


def test_the_copy_is_betrayed_by_its_echo(comparison: Comparison) -> None:
    assert comparison.mean(COPY, "echo") == 1
    assert comparison.mean(REAL, "onset_f1") == 1


def test_the_real_bars_are_nearer_to_themselves_than_anything_else(comparison: Comparison) -> None:
    assert comparison.nearer_than("perfect", OTHER) == 1
    assert comparison.nearer_than(COPY, REAL) == 0


def test_what_is_from_training_is_not_original(comparison: Comparison) -> None:
    assert comparison.values["perfect"][COPIED_RUN][0, 0] == 48  # of the 56 in eight bars
    assert comparison.original("perfect") < 1


def test_the_worst_are_those_farthest_from_real_music() -> None:
    answers = [[one.real] for one in PROMPTS]
    answers[3] = [PROMPTS[3].real.bars(0, 1)]
    assert compared(PROMPTS, {"model": answers}, None).worst("model")[0] == 3


def test_numbers_as_json_are_plain_and_name_every_measure(comparison: Comparison) -> None:
    said = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert set(said) == {REAL, COPY, OTHER, "perfect"}
    assert set(MEASURES) < set(said["perfect"])
    assert said["perfect"]["nearer_than"] == {COPY: comparison.nearer_than("perfect", COPY), OTHER: 1.0}


def test_every_measure_says_its_range_unit_and_source() -> None:
    for row in MEASURES.values():
        assert row.unit and row.meaning and row.source
        values = [row.of(one.real, one) for one in PROMPTS]
        assert all(row.low <= value <= (np.inf if row.high is None else row.high) for value in values)
