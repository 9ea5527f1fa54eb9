"""What a run learns from, step by step, and how long each step was waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from datasets import Dataset

from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.loss import Part
from meloformer.training.recipe import Recipe
from meloformer.training.windows import Chances


@dataclass(frozen=True, slots=True)
class Music:
    """What a run learns from: its own data set, and base data to replay, where there is any."""

    own: Dataset
    base: Dataset | None = None

    def steps(self, recipe: Recipe, step: int) -> Iterator[tuple[Sequence[Part], float]]:
        """The parts of each step from this one on, and how many seconds they were waited for.

        What a step reads depends on its number alone.
        """
        own = self._batches(self.own, recipe, recipe.batch - recipe.replay, step)
        if self.base is not None and recipe.replay:
            own = _beside(own, self._batches(self.base, recipe, recipe.replay, step))
        while True:
            began = time.perf_counter()
            parts = [next(own) for _ in range(recipe.accumulate)]
            yield parts, time.perf_counter() - began

    def _batches(self, store: Dataset, recipe: Recipe, batch: int, step: int) -> Iterator[Part]:
        first = step * recipe.accumulate * batch
        windows = Windows(store, Rows(recipe.tokens, recipe.bars), Chances(), recipe.seed, first)
        return batches(windows, batch, workers=0)


def _beside(own: Iterator[Part], base: Iterator[Part]) -> Iterator[Part]:
    for (columns, targets), (more_columns, more_targets) in zip(own, base, strict=True):
        yield torch.cat([columns, more_columns]), torch.cat([targets, more_targets])
