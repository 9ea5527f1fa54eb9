"""What a memory of the sitting is worth in bits per note, and the shares that it should have."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from meloformer.model.attention import dense_attend
from meloformer.model.figures import Figures
from meloformer.model.masks import Columns
from meloformer.model.memory import Memory, Recall
from meloformer.model.network import Network
from meloformer.training.bits import Bits, counted
from meloformer.training.copying import fitted
from meloformer.training.heldout import batched
from meloformer.training.loader import Rows

MOST_SHARE = 0.98  # a memory is never so sure that nothing else can happen
LEAST_CHANCE = 1e-30  # of a token that neither the model nor the memory thought of, before its logarithm

Chances = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """A document's tokens but the first: the chance of each by the model and each recall, and its class.

    Where a token is none that a recall has a say in, the class is 0.
    """

    chances: Chances  # [tokens]
    recalled: Chances  # [recalls, tokens]
    classes: Ints  # [recalls, tokens]
    size: Bits  # without its bits: how many tokens, notes and bars there are
    seconds: float  # of the processor that the memory took


def told(network: Network, tokens: Sequence[int], rows: Rows) -> Told:
    """What a network, and a memory that begins with nothing, make of a document."""
    recalls = Memory().recalls
    began_s = time.process_time()
    recalled, classes = _recalled(recalls, tokens)
    seconds = time.process_time() - began_s
    chances_TV, following = _chances(network, tokens, rows), np.array(tokens[1:])
    for index, recall in enumerate(recalls):  # an expectation shares out what the model gives to its choice
        recalled[index] *= chances_TV[:, recall.choice].sum(1)
        classes[index, (following < recall.choice.start) | (following >= recall.choice.stop)] = 0
    chances = chances_TV[np.arange(len(following)), following]
    return Told(chances, recalled, classes, counted(0, torch.tensor(tokens[1:])), seconds)


def _recalled(recalls: Sequence[Recall | Figures], tokens: Sequence[int]) -> tuple[Chances, Ints]:
    shares = np.zeros((len(recalls), len(tokens) - 1))
    classes = np.zeros((len(recalls), len(tokens) - 1), dtype=np.int64)
    for at, (token, following) in enumerate(pairwise(tokens)):
        for index, recall in enumerate(recalls):
            recall.push(token)
            expected = recall.expected()
            shares[index, at] = expected.get(following, 0) / max(1, sum(expected.values()))
            classes[index, at] = recall.length_class
    return shares, classes


@torch.no_grad()
def _chances(network: Network, tokens: Sequence[int], rows: Rows) -> Chances:
    """The network's chances [tokens - 1, V] after each token; nobody is helped by the grammar's mask."""
    ((columns_BCN, targets_BT),) = batched([tokens], rows)
    columns = Columns.of(columns_BCN, columns_BCN.shape[2] - targets_BT.shape[1])
    logits_TV = network(columns, dense_attend(columns)).double()[0, : len(tokens) - 1]
    chances: Chances = torch.softmax(logits_TV, -1).numpy()
    return chances


def bits(documents: Sequence[Told], shares: Sequence[Chances]) -> Bits:
    """Bits with a memory of these shares, one row of them for each recall; none for no memory."""
    total = sum((one.size for one in documents), Bits(0, 0, 0))
    mixed = _mixed(documents, shares)
    return Bits(-float(np.log2(np.maximum(mixed, LEAST_CHANCE)).sum()), total.tokens, total.notes, total.bars)


def fit(documents: Sequence[Told]) -> list[Chances]:
    """The shares under which these documents are likeliest, one recall after the other."""
    shares: list[Chances] = []
    for index, recall in enumerate(Memory().recalls):
        recalled = np.concatenate([one.recalled[index] for one in documents])
        classes = np.concatenate([one.classes[index] for one in documents])
        best = fitted(recalled, classes, _mixed(documents, shares), len(recall.shares))
        best[0] = 0.0  # of what is too short, or no choice of its
        shares.append(np.minimum(best, MOST_SHARE))
    return shares


def _mixed(documents: Sequence[Told], shares: Sequence[Chances]) -> Chances:
    """Each token's chance with the first so many recalls mixed in."""
    mixed = np.concatenate([one.chances for one in documents])
    for index, of_class in enumerate(shares):
        share = of_class[np.concatenate([one.classes[index] for one in documents])]
        mixed = (1 - share) * mixed + share * np.concatenate([one.recalled[index] for one in documents])
    return mixed


def worth(documents: Sequence[Told]) -> dict[str, Any]:
    """Bits per note without a memory, with the present shares, and with shares fitted on the other half.

    The halves are every second document. `fitted` are the shares by all of them.
    """
    present = [np.array(recall.shares) for recall in Memory().recalls]
    halves = documents[::2], documents[1::2]
    crossed = bits(halves[0], fit(halves[1])) + bits(halves[1], fit(halves[0]))
    tokens = sum(one.size.tokens for one in documents)
    return {
        "notes": crossed.notes,
        "bits_per_note": round(bits(documents, []).per_note, 3),
        "with_memory": round(bits(documents, present).per_note, 3),
        "with_shares_of_the_other_half": round(crossed.per_note, 3),
        "microseconds_per_token": round(1e6 * sum(one.seconds for one in documents) / tokens, 1),
        "fitted": [[round(float(share), 2) for share in shares] for shares in fit(documents)],
    }
