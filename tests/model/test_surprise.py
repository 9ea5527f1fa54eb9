"""How much music surprises a network: the same, bar by bar with a cache, as in one full forward."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from meloformer.model.attention import dense_attend
from meloformer.model.encoder import EncodeError
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.layout import Document, pack
from meloformer.model.listener import Weights
from meloformer.model.network import Network
from meloformer.model.surprise import surprises
from meloformer.model.telling import encode
from music import COMMON, arrays, columns, network, piece, told


@pytest.fixture(scope="module")
def model() -> Network:
    return network()


@pytest.fixture(scope="module", params=["in torch", "in arrays"])
def weights(request: pytest.FixtureRequest, model: Network) -> Weights:
    return model if request.param == "in torch" else arrays(model)


def in_one_forward(model: Network, tokens: list[int]) -> float:
    """The slow twin: nats of all tokens but the first."""
    row = pack([Document(tokens)], 8, len(tokens))
    batch = columns([row], 8)
    with torch.inference_mode():
        logits = model(batch, dense_attend(batch))[0, :-1]
    return F.cross_entropy(logits, torch.tensor(tokens[1:]), reduction="sum").item()


@pytest.mark.parametrize("seed", range(3))
def test_the_surprise_of_a_piece_is_that_of_the_full_forward(
    model: Network, weights: Weights, seed: int
) -> None:
    score = piece(seed)
    by_bar = list(surprises(weights, told(score)))
    assert len(by_bar) == len(score.meters)
    assert sum(by_bar) == pytest.approx(in_one_forward(model, encode(score, end=False)), rel=1e-4)


def test_what_cannot_be_told_is_refused(weights: Weights) -> None:
    with pytest.raises(EncodeError):
        list(surprises(weights, [BarStart(0, COMMON), NoteOn(200, 0, 60, 20)]))
