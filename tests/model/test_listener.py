"""Reading token by token with a compact cache gives what the whole row gives, in torch and in arrays."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.attention import dense_attend
from meloformer.model.cache import TorchReader
from meloformer.model.layout import FINE_BARS, TOLD_BARS, Document, pack
from meloformer.model.listener import Listener, Weights
from meloformer.model.network import Network
from music import TINY, arrays, columns, counted_reads, document, network

CLOSE = 2e-4


@pytest.fixture(scope="module")
def model() -> Network:
    return network(TINY)


@pytest.fixture(scope="module", params=["in torch", "in arrays"])
def weights(request: pytest.FixtureRequest, model: Network) -> Weights:
    return model if request.param == "in torch" else arrays(model)


def whole(model: Network, told: Document) -> NDArray[np.float32]:
    """[T, V]: logits of the full forward."""
    bars = sum(token == v.BAR for token in told.tokens)
    batch = columns([pack([told], bars, len(told.tokens))], bars)
    with torch.inference_mode():
        found: NDArray[np.float32] = model(batch, dense_attend(batch))[0].numpy()
    return found


def in_pieces(model: Weights, told: Document, ends: list[int]) -> NDArray[np.float32]:
    """[pieces, V]: logits after each piece, when the stream is read in pieces with these ends."""
    listener = Listener(model, told.gap)
    found, start = [], 0
    for end in ends:
        listener.read(told.tokens[start:end])
        found.append(listener.logits())
        start = end
    return np.stack(found)


@pytest.mark.parametrize("missing", [None, (2, 4), (1, 6)], ids=["in order", "moved bars", "many moved bars"])
def test_reading_in_any_pieces_equals_the_full_forward(
    model: Network, weights: Weights, missing: tuple[int, int] | None
) -> None:
    told = document(5, bars=8, missing=missing, density=4)
    expected = whole(model, told)
    for seed in range(4):
        most = 1 + 7 * seed  # the first time token by token
        chance, ends = random.Random(seed), [0]
        while ends[-1] < len(told.tokens):
            ends.append(min(len(told.tokens), ends[-1] + chance.randint(1, most)))
        found = in_pieces(weights, told, ends[1:])
        np.testing.assert_allclose(found, expected[[end - 1 for end in ends[1:]]], rtol=0.0, atol=CLOSE)


@pytest.mark.parametrize("missing", [None, (2, 4)], ids=["in order", "moved bars"])
def test_what_was_read_ahead_changes_nothing_whether_it_comes_or_not(
    model: Network, weights: Weights, missing: tuple[int, int] | None
) -> None:
    told = document(5, bars=8, missing=missing, density=4)
    expected = whole(model, told)
    chance = random.Random(1)
    listener, start = Listener(weights, told.gap), 0
    while start < len(told.tokens):
        stop = min(len(told.tokens), start + chance.randint(1, 12))
        guess = list(told.tokens[start : start + chance.randint(1, 20)])
        if chance.random() < 0.5:
            guess[chance.randrange(len(guess))] = v.BAR
        listener.read_ahead(guess)
        listener.read(told.tokens[start:stop])
        np.testing.assert_allclose(listener.logits(), expected[stop - 1], rtol=0.0, atol=CLOSE)
        start = stop


def test_what_was_read_ahead_is_not_read_again_when_it_comes(weights: Weights) -> None:
    listener = Listener(weights)
    listener.read([v.BOS, v.BAR])
    listener.read_ahead([v.POS.id(0), v.INST.id(0), v.ON.id(60), v.BAR])
    reads = counted_reads(listener)
    listener.read_ahead([v.POS.id(0), v.INST.id(0), v.ON.id(60), v.BAR])
    listener.read([v.POS.id(0), v.INST.id(0), v.ON.id(60), v.BAR, v.POS.id(0)])
    assert reads == [1]


def test_a_bar_that_has_grown_is_read_again_only_from_where_it_changed(weights: Weights) -> None:
    listener = Listener(weights)
    listener.read([v.BOS, v.BAR])
    first, second = [v.POS.id(0), v.INST.id(0), v.ON.id(60)], [v.POS.id(6), v.ON.id(64)]
    listener.read_ahead([*first, v.POS.id(95), v.OFFALL, v.BAR])
    reads = counted_reads(listener)
    listener.read_ahead([*first, *second, v.POS.id(95), v.OFFALL, v.BAR])
    assert reads == [4, 1]
    listener.read([*first, *second, v.POS.id(12), v.ON.id(67)])
    assert reads == [4, 1, 2]


@pytest.mark.parametrize("bars", [1, 2])
def test_a_bar_read_ahead_again_and_again_as_it_grows_equals_the_full_forward(
    model: Network, weights: Weights, bars: int
) -> None:
    told = document(5, bars=8, density=4)
    expected, chance = whole(model, told), random.Random(bars)
    starts = [at for at, token in enumerate(told.tokens) if token == v.BAR]
    lines = [*starts[1::bars], len(told.tokens)]
    listener = Listener(weights)
    listener.read(told.tokens[: lines[0]])
    for start, stop in pairwise(lines):
        for end in sorted(chance.sample(range(start + 1, stop + 1), min(6, stop - start))):
            guess = [*told.tokens[start:end], v.POS.id(chance.randrange(96)), v.OFFALL, v.BAR, v.CHORD.id(7)]
            listener.read_ahead(guess[: chance.randint(1, len(guess))])
        listener.read(told.tokens[start:stop])
        np.testing.assert_allclose(listener.logits(), expected[stop - 1], rtol=0.0, atol=CLOSE)


def test_a_conversation_longer_than_the_window_equals_the_full_forward(
    model: Network, weights: Weights
) -> None:
    """Past TOLD_BARS the oldest bars go out of sight, in the mask and in the cache alike."""
    told = document(7, bars=TOLD_BARS + 12, density=1)
    starts = [at for at, token in enumerate(told.tokens) if token == v.BAR]
    ends = [*starts[1:], len(told.tokens)]
    expected = whole(model, told)[[end - 1 for end in ends]]
    np.testing.assert_allclose(in_pieces(weights, told, ends), expected, rtol=0.0, atol=CLOSE)


def test_the_cache_of_an_endless_conversation_stays_as_small(weights: Weights) -> None:
    listener = Listener(weights)
    listener.read([v.BOS, v.BAR, v.NUM.id(3), v.DEN.id(2)])
    bar = [v.POS.id(0), v.INST.id(0), v.ON.id(60), v.POS.id(48), v.OFFALL, v.BAR]
    sizes = []
    for _ in range(300):
        listener.read(bar)
        sizes.append(held(listener))
    assert max(sizes[TOLD_BARS + 1 :]) == sizes[TOLD_BARS + 1]


def test_tokens_that_no_bar_sees_any_more_are_let_go(weights: Weights) -> None:
    """But where bars are told out of order, a bar may come into sight again."""
    bar = [v.BAR, v.POS.id(0), v.INST.id(0), v.ON.id(60), v.POS.id(48), v.OFFALL]
    for gap, kept in ((0, FINE_BARS[-1] + 1), (3, TOLD_BARS)):
        listener = Listener(weights, gap)
        listener.read([v.BOS, v.BAR, v.NUM.id(3), v.DEN.id(2)] + bar * (TOLD_BARS + 10))
        assert sum(ended.tokens.shape[3] > 0 for ended in ended_bars(listener)) in (kept, kept - 1)


def held(listener: Listener) -> int:
    """Bytes that the cache keeps, its buffer and what ended bars left."""
    kept = sum(bar.tokens.nbytes + bar.summary.nbytes for bar in ended_bars(listener))
    return int(kept + cache(listener)._buffer.nbytes)


def ended_bars(listener: Listener) -> list[Any]:
    found: list[Any] = cache(listener)._ended
    return found


def cache(listener: Listener) -> Any:
    reader = listener._reader
    return reader._cache if isinstance(reader, TorchReader) else reader


def test_reading_nothing_changes_nothing(weights: Weights) -> None:
    listener = Listener(weights)
    listener.read([v.BOS, v.BAR])
    before = listener.logits()
    listener.read([])
    assert np.array_equal(listener.logits(), before)
