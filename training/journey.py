"""A long answer: does it keep its parts, and do its bars come back as those of real music do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meloformer.model.score import Score
from meloformer.training.comparison import COPY, OTHER, REAL
from meloformer.training.form import similarity_curve, similarity_error
from meloformer.training.prompts import Prompt, others

BARS = 64
LAST = 16  # bars of the answer in which the parts should still play

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Journey:
    """Similarity curves [offsets] and the share of the heard parts that play to the end, by who."""

    curves: Mapping[str, Floats]
    parts: Mapping[str, float]

    def error(self, who: str) -> float:
        """How far a curve is from real music's: 0 to 1."""
        return similarity_error(self.curves[who], self.curves[REAL])

    def as_json(self) -> dict[str, Any]:
        return {
            who: {
                "similarity_error": round(self.error(who), 4),
                "parts_kept": round(self.parts[who], 4),
                "similarity_curve": [None if np.isnan(one) else round(float(one), 4) for one in curve],
            }
            for who, curve in self.curves.items()
        }


def journeys(prompts: Sequence[Prompt], answers: Mapping[str, Sequence[Score]]) -> Journey:
    """The long answers of each model by its name, beside real music, a copy and another piece."""
    everyone: dict[str, Sequence[Score]] = {
        REAL: [prompt.real for prompt in prompts],
        COPY: [prompt.copy for prompt in prompts],
        OTHER: others(prompts),
        **answers,
    }
    return Journey(
        {who: similarity_curve(scores) for who, scores in everyone.items()},
        {who: _parts_kept(prompts, scores) for who, scores in everyone.items()},
    )


def _parts_kept(prompts: Sequence[Prompt], answers: Sequence[Score]) -> float:
    """The share of heard instruments, in the mean, that play in the last 16 bars of the answer."""
    shares = []
    for prompt, answer in zip(prompts, answers, strict=True):
        heard = set(prompt.heard.instruments())
        bars = len(answer.meters)
        shares.append(len(heard & set(answer.bars(bars - LAST, bars).instruments())) / len(heard))
    return float(np.mean(shares))
