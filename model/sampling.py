"""Choosing a token: temperature, then min-p, then top-p, over what the masks allow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Chances = NDArray[np.float64]
Allowed = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How daring the choice is.

    `temperature` 0 to 4, 0 takes the likeliest; `top_p` above 0 to 1 keeps the likeliest tokens that together
    reach it; `min_p` 0 to below 1 drops tokens less likely than this share of the likeliest; neither cuts
    while a bar goes as an earlier one did (see returning.py). Of what was played before, `echo` 0 to 1 is how
    much of this conversation is mixed in after that, `memory` 0 to 1 how much of the whole sitting (see
    memory.py).

    Sources: nucleus sampling (Holtzman et al. 2020), min-p (Nguyen et al. 2024).
    """

    temperature: float = 1.0
    top_p: float = 0.95
    min_p: float = 0.02
    echo: float = 1.0
    memory: float = 0.0

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("temperature", self.temperature, 0.0, 4.0),
            ("top_p", self.top_p, 1e-6, 1.0),
            ("min_p", self.min_p, 0.0, 0.999),
            ("echo", self.echo, 0.0, 1.0),
            ("memory", self.memory, 0.0, 1.0),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} is {low:g} to {high:g}, not {value}")

    def uncut(self) -> Sampling:
        """The same with every token that has a chance."""
        return replace(self, top_p=1.0, min_p=0.0)


def distribution(logits: NDArray[np.float32], allowed: NDArray[np.bool_], sampling: Sampling) -> Chances:
    """Probabilities [V] that sum to one and are zero outside `allowed`, which must not be empty."""
    assert allowed.any(), "the grammar always leaves a choice"
    masked = np.where(allowed, logits.astype(np.float64), -np.inf)
    if sampling.temperature == 0:
        greedy: Chances = (np.arange(len(masked)) == masked.argmax()).astype(np.float64)
        return greedy
    with np.errstate(over="ignore"):  # next to nothing as a temperature: all but the likeliest are impossible
        chances = np.exp((masked - masked.max()) / sampling.temperature)
    chances /= chances.sum()
    chances[chances < sampling.min_p * chances.max()] = 0.0
    return _nucleus(chances / chances.sum(), sampling.top_p)


def _nucleus(chances: Chances, top_p: float) -> Chances:
    """The likeliest tokens that together reach `top_p`, renormalised."""
    order = np.argsort(-chances, kind="stable")
    before = np.cumsum(chances[order]) - chances[order]
    kept = np.zeros_like(chances)
    keep = order[before < top_p]
    kept[keep] = chances[keep]
    kept /= kept.sum()
    return kept


def likeliest(chances: Chances) -> int:
    """The token of the highest chance."""
    return int(chances.argmax())


def choose(chances: Chances, rng: np.random.Generator) -> int:
    """One token, by its chance."""
    steps = np.cumsum(chances)
    token = int(np.searchsorted(steps, rng.random() * steps[-1], side="right"))
    return min(token, int(np.flatnonzero(chances)[-1]))
