"""A memory is worth its bits on music that repeats, and nothing on music that does not."""

from __future__ import annotations

import numpy as np
import pytest

from meloformer.model.memory import Memory
from meloformer.model.telling import encode
from meloformer.training.bits import Bits, bits_of
from meloformer.training.heldout import batched
from meloformer.training.loader import Rows
from meloformer.training.remembering import Told, bits, fit, told, worth
from music import network, piece
from tunes import tune

ROWS = Rows(1024, 40)
NETWORK = network()


@pytest.fixture(scope="module")
def repeating() -> list[Told]:
    return [told(NETWORK, encode(tune(seed, 16)), ROWS) for seed in range(4)]


def test_without_shares_the_bits_are_the_networks(repeating: list[Told]) -> None:
    alone = bits_of(NETWORK, batched([encode(tune(seed, 16)) for seed in range(4)], ROWS))
    found = bits(repeating, [])
    assert found.bits == pytest.approx(alone.bits, rel=1e-4)
    assert (found.tokens, found.notes, found.bars) == (alone.tokens, alone.notes, alone.bars)


def test_on_music_that_repeats_it_saves_most_of_the_bits(repeating: list[Told]) -> None:
    said = worth(repeating)
    assert said["with_memory"] < 0.5 * said["bits_per_note"]
    assert said["with_shares_of_the_other_half"] < 0.5 * said["bits_per_note"]


def test_fitted_shares_are_no_worse_than_none_on_what_they_are_fitted_on(repeating: list[Told]) -> None:
    other = [told(NETWORK, encode(piece(seed)), ROWS) for seed in range(3)]
    assert bits(other, fit(other)).bits <= bits(other, []).bits


def test_there_is_a_share_for_each_class_and_none_is_certain(repeating: list[Told]) -> None:
    for shares, recall in zip(fit(repeating), Memory().recalls, strict=True):
        assert shares.shape == (len(recall.shares),)
        assert ((shares >= 0) & (shares < 1)).all()


def test_what_nobody_thought_of_has_finite_bits() -> None:
    nothing = Told(np.zeros(1), np.zeros((3, 1)), np.zeros((3, 1), dtype=np.int64), Bits(0, 1, 1, 1), 0.0)
    assert np.isfinite(bits([nothing], []).bits)
