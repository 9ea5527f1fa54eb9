"""What a model has to beat on the same tokens: a 5-gram, a copy of the last bar, and both together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from datasets import Dataset

from meloformer.model import vocabulary as v
from meloformer.training.bits import Bits, counted
from meloformer.training.copying import fit_copying
from meloformer.training.ngram import ORDER, Chances, Tokens, count_ngrams
from meloformer.training.rows import piece_of
from meloformer.training.split import split
from meloformer.training.windows import whole

SHIFTS = (-2, 0, 2)  # semitones; five keys made the 5-gram worse than three
FITTED_ONE_IN, MOST_FITTED = 10, 300  # pieces that the few shares of a copy are fitted on


class Baseline(Protocol):
    """Anything that can be surprised by a document."""

    def surprise(self, tokens: Tokens) -> Chances:
        """Bits of each token but the first, given those before it."""


def training_documents(
    store: Dataset, progress: Callable[[int], None] = lambda done: None
) -> Iterator[Tokens]:
    """Every training piece, whole and told plainly; `progress` is told how many there were."""
    pieces = store.with_format("numpy")
    for done, index in enumerate(split(store).training, 1):
        piece = piece_of(pieces[index])
        yield np.array(whole(piece, 0, len(piece.score.meters)), dtype=np.uint16)
        progress(done)


def fit_baselines(store: Dataset, progress: Callable[[int], None] = lambda done: None) -> dict[str, Baseline]:
    """The baselines and their names, from the store's training pieces, each piece once.

    The shares of the copies are fitted on some pieces, and n-grams counted on the others: an n-gram knows too
    well what it has counted. Drawing pieces by the model's collection shares made them worse.
    """
    documents = list(training_documents(store, progress))
    every = max(FITTED_ONE_IN, len(documents) // MOST_FITTED)
    fitted = documents[::every]
    counted = [tokens for index, tokens in enumerate(documents) if index % every] or documents
    ngram = count_ngrams(shifted(counted, SHIFTS), ORDER)
    return {
        "5-gram": ngram,
        "last bar": fit_copying(fitted, count_ngrams(counted, 2)),
        "5-gram + last bar": fit_copying(fitted, ngram),
    }


def shifted(documents: Sequence[Tokens], shifts: Sequence[int]) -> Iterator[Tokens]:
    """Each document in several keys, those left out that would leave the keyboard."""
    for tokens in documents:
        on = (tokens >= v.ON.start) & (tokens < v.ON.stop)
        off = (tokens >= v.OFF.start) & (tokens < v.OFF.stop)
        pitches = tokens[on].astype(int) - v.ON.start
        for shift in shifts:
            if not len(pitches) or (pitches.min() + shift >= 0 and pitches.max() + shift < v.ON.size):
                yield (tokens + (on | off) * shift).astype(np.uint16)


def bits_of_baseline(baseline: Baseline, documents: Sequence[Sequence[int]]) -> Bits:
    """Bits over documents; the same tokens count as for a network over rows of one document each."""
    surprises = [baseline.surprise(np.array(tokens, dtype=np.uint16)).sum() for tokens in documents]
    targets = torch.tensor([token for tokens in documents for token in tokens[1:]])
    return counted(float(np.sum(surprises)), targets)
