"""A small network learnt again and again, each time otherwise in one way: what that way is worth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import torch
from datasets import Dataset
from torch import Tensor, nn

from meloformer.model.attention import dense_attend
from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.shape import Shape
from meloformer.training.bits import Bits, bits_of
from meloformer.training.checkpoint import State, begin
from meloformer.training.heldout import held_out_rows
from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.loss import LossFunction, Part, attention_for, compiled, loss_with
from meloformer.training.plan import BySteps, rate
from meloformer.training.recipe import Recipe, gentler
from meloformer.training.run import update
from meloformer.training.variants import Variant

TINY = Shape(width=128, layers=4, kv_heads=1)  # small enough to be trained often on two cores
LEAST_TOKENS = 2048  # in a step, as far as whole rows allow
LONG_STEPS = 40  # from here on a compiler's minute is well spent
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one network has learnt: `bits` over the held-out music, in rows as long as it learnt from."""

    variant: str
    tokens: int  # in a row
    seed: int
    parameters: int
    seen: int  # tokens learnt from
    seconds: float
    bits: Bits


def trials(
    store: Dataset,
    variants: Mapping[str, Variant],
    lengths: Sequence[int],
    steps: int,
    seeds: int,
    shape: Shape = TINY,
    start: Network | None = None,
) -> Iterator[Trial]:
    """Each variant with each seed: the seed draws the weights and the music, so that nothing else differs.

    A network learns `steps` steps in rows of the first length, and then from a third as many tokens in rows
    of each other length; a step is one row, or several of fewer than 2,048 tokens. Where there is a `start`,
    that network goes on, gently, whatever the `shape`.
    """
    tokens = steps * max(lengths[0], LEAST_TOKENS)
    many = [steps, *(tokens // max(length, LEAST_TOKENS) // 3 for length in lengths[1:])]
    courses = [Course.of(store, *each, start is not None) for each in zip(lengths, many, strict=True)]
    for name, variant in variants.items():
        losses = [course.loss(variant) for course in courses]
        for seed in range(1, seeds + 1):
            torch.manual_seed(seed)
            network = deepcopy(start).requires_grad_() if start else variant.network(variant.shape or shape)
            network, seen = network.to(DEVICE), 0
            for course, loss in zip(courses, losses, strict=True):
                began = time.monotonic()
                recipe = replace(course.recipe, seed=seed)
                state = learnt(store, network, recipe, variant, loss)
                network, seen = state.average, seen + state.seen
                bits = bits_of(network.eval(), course.held_out, partial(dense_attend, rule=variant.rule))
                size, seconds = network.parameter_count(), time.monotonic() - began
                yield Trial(name, recipe.tokens, seed, size, seen, seconds, bits)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A stretch of learning in rows of one length, and what is asked at its end."""

    recipe: Recipe
    held_out: list[Part]

    @classmethod
    def of(cls, store: Dataset, tokens: int, steps: int, goes_on: bool) -> Course:
        rows = Rows.of(tokens)
        batch, warmup = max(1, LEAST_TOKENS // tokens), steps // 20
        recipe = Recipe(tokens=tokens, batch=batch, bars=rows.bars, steps=steps, warmup=warmup, average=0.98)
        return cls(gentler(recipe) if goes_on else recipe, held_out_rows(store, rows))

    def loss(self, variant: Variant) -> LossFunction:
        """What a network that attends by the variant's rule is taught by."""

        def loss(network: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
            return loss_with(attention_for(columns)(columns, variant.rule), network, columns, targets_BT)

        return compiled(loss) if self.recipe.steps >= LONG_STEPS else loss


def learnt(store: Dataset, network: Network, recipe: Recipe, variant: Variant, loss: LossFunction) -> State:
    """The network after all steps of the recipe, the last fifth of them cooldown."""
    recipe, state = variant.recipe(recipe), begin(network.train(), recipe)
    state.optimizers = variant.optimizers(network, recipe)
    windows = Windows(store, Rows(recipe.tokens, recipe.bars), variant.chances, recipe.seed, 0)
    feed, plan = batches(windows, recipe.batch, workers=0), BySteps.of(0, recipe.steps)
    while state.step < recipe.steps:
        columns, targets = next(feed)
        speed = rate(state.step, recipe.warmup, plan.left(state.step, 0.0))
        update(state, [(columns.to(DEVICE), targets.to(DEVICE))], recipe, speed, loss)
    return state
