"""What seeing less costs: a small network under several attention rules, from one start, on one music."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import torch
from datasets import Dataset
from torch import Tensor, nn

from meloformer.model.attention import RuleOf, dense_attend
from meloformer.model.masks import Columns, hid_attention
from meloformer.model.network import Network
from meloformer.model.shape import Shape
from meloformer.training import rules
from meloformer.training.bits import Bits, bits_of
from meloformer.training.checkpoint import State, begin
from meloformer.training.heldout import held_out_rows
from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.loss import LossFunction, Part, attention_for, compiled, loss_with
from meloformer.training.plan import BySteps, rate
from meloformer.training.recipe import Recipe, gentler
from meloformer.training.run import update
from meloformer.training.windows import Chances

TINY = Shape(width=128, layers=4, kv_heads=1)  # small enough to be trained often on two cores
LONG_STEPS = 40  # from here on a compiler's minute is well spent
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RULES: Mapping[str, RuleOf] = {
    "dense": rules.all_before,
    "fine + coarse": hid_attention,
    "fine": rules.fine,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What one network has learnt: `bits` over the held-out music, in rows as long as it learnt from."""

    rule: str
    tokens: int  # in a row
    seed: int
    seen: int  # tokens learnt from
    seconds: float
    bits: Bits


def trials(
    store: Dataset,
    lengths: Sequence[int],
    steps: int,
    seeds: int,
    shape: Shape = TINY,
    kinds: Sequence[str] = tuple(RULES),
    start: Network | None = None,
) -> Iterator[Trial]:
    """Each rule with each seed: the seed draws the weights and the music, so that only the rule differs.

    A network learns `steps` rows of the first length, one a step, and then from a third as many tokens in
    rows of each other length. Where there is a `start`, that network goes on, gently, whatever the `shape`.
    """
    tokens = steps * lengths[0]
    many = [steps, *(tokens // length // 3 for length in lengths[1:])]
    courses = [Course.of(store, *each, start is not None) for each in zip(lengths, many, strict=True)]
    losses = {(kind, each): each.loss(RULES[kind]) for kind in kinds for each in courses}
    for kind in kinds:
        for seed in range(1, seeds + 1):
            torch.manual_seed(seed)
            network, seen = (deepcopy(start).requires_grad_() if start else Network(shape)).to(DEVICE), 0
            for course in courses:
                began = time.monotonic()
                state = learnt(store, network, replace(course.recipe, seed=seed), losses[kind, course])
                network, seen = state.average, seen + state.seen
                bits = bits_of(network, course.held_out, partial(dense_attend, rule=RULES[kind]))
                yield Trial(kind, course.recipe.tokens, seed, seen, time.monotonic() - began, bits)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A stretch of learning in rows of one length, and what is asked at its end."""

    recipe: Recipe
    held_out: list[Part]

    @classmethod
    def of(cls, store: Dataset, tokens: int, steps: int, goes_on: bool) -> Course:
        rows = Rows.of(tokens)
        recipe = Recipe(tokens=tokens, batch=1, bars=rows.bars, steps=steps, warmup=steps // 20, average=0.98)
        return cls(gentler(recipe) if goes_on else recipe, held_out_rows(store, rows))

    def loss(self, rule: RuleOf) -> LossFunction:
        """What a network that attends by this rule is taught by."""

        def loss(network: nn.Module, columns: Columns, targets_BT: Tensor) -> Tensor:
            return loss_with(attention_for(columns)(columns, rule), network, columns, targets_BT)

        return compiled(loss) if self.recipe.steps >= LONG_STEPS else loss


def learnt(store: Dataset, network: Network, recipe: Recipe, loss: LossFunction) -> State:
    """The network after all steps of the recipe, the last fifth of them cooldown."""
    state = begin(network, recipe)
    windows = Windows(store, Rows(recipe.tokens, recipe.bars), Chances(), recipe.seed, 0)
    feed, plan = batches(windows, recipe.batch, workers=0), BySteps.of(0, recipe.steps)
    while state.step < recipe.steps:
        columns, targets = next(feed)
        speed = rate(state.step, recipe.warmup, plan.left(state.step, 0.0))
        update(state, [(columns.to(DEVICE), targets.to(DEVICE))], recipe, speed, loss)
    return state
