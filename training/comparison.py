"""Answers beside what really followed, a copy and another piece: every measure of every one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meloformer.model.score import Score
from meloformer.training.copied import Learnt
from meloformer.training.measures import MEASURES, WITHIN_REAL
from meloformer.training.prompts import Prompt, others

REAL, COPY, OTHER = "real", "copy", "another piece"
# Notes in a row that training pieces have too, and those of them that the heard phrase has not: measured only
# where these pieces are at hand.
COPIED_RUN, UNHEARD_RUN = "copied_run", "unheard_run"
LONG_RUN = 16  # notes

Floats = NDArray[np.float64]
Answers = Sequence[Sequence[Score]]
"""For each prompt, the answers of so many seeds."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`values[who][measure]` is [prompts, seeds]; NaN where there is no value, as the key of drums alone."""

    prompts: Sequence[Prompt]
    values: Mapping[str, Mapping[str, Floats]]

    def mean(self, who: str, measure: str) -> float:
        return _mean(self.values[who][measure])

    def spread(self, who: str, measure: str) -> float:
        """The standard deviation over prompts and seeds."""
        known = self.values[who][measure]
        known = known[~np.isnan(known)]
        return float(known.std()) if len(known) else float("nan")

    def distances(self, who: str, measure: str) -> Floats:
        """How far each answer is from what really followed, in spreads of real music [prompts, seeds]."""
        real = self.values[REAL][measure]
        spread = self.spread(REAL, measure)
        distances: Floats = np.abs(self.values[who][measure] - real) / (spread or np.nan)
        return distances

    def median_z(self, who: str, measure: str) -> float:
        """The median of `distances`; under 1 is within the spread of real music."""
        known = self.distances(who, measure)
        known = known[~np.isnan(known)]
        return float(np.median(known)) if len(known) else float("nan")

    def nearness(self, who: str) -> Floats:
        """How near to the true bars, 0 to 1: the mean of onset F1 and chroma, or what there is of them."""
        both = np.stack([self.values[who]["onset_f1"], self.values[who]["chroma"]])
        nearness: Floats = np.where(np.isnan(both[1]), both[0], both.mean(0))
        return nearness

    def nearer_than(self, who: str, whom: str) -> float:
        """The share of answers, 0 to 1, that are nearer to the true bars than `whom` is."""
        return float((self.nearness(who) > self.nearness(whom)).mean())

    def original(self, who: str, run: str = COPIED_RUN) -> float:
        """The share of answers, 0 to 1, whose longest such run is under 16 notes."""
        return float((self.values[who][run] < LONG_RUN).mean())

    def worst(self, who: str) -> list[int]:
        """The prompts by how far their first answer is from real music, the farthest first."""
        apart = np.stack([np.nan_to_num(self.distances(who, name)[:, 0]) for name in WITHIN_REAL])
        return [int(index) for index in np.argsort(-apart.mean(0), kind="stable")]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers: who, then each measure, and the shares."""
        return {who: self._of(who) for who in self.values}

    def _of(self, who: str) -> dict[str, Any]:
        measured: dict[str, Any] = {
            name: {
                "mean": _plain(self.mean(who, name)),
                "spread": _plain(self.spread(who, name)),
                "median_z": _plain(self.median_z(who, name)),
            }
            for name in self.values[who]
        }
        nearer = {name: _plain(self.nearer_than(who, name)) for name in (COPY, OTHER) if name != who}
        runs = {"under_16_copied": COPIED_RUN, "under_16_unheard": UNHEARD_RUN}
        original = {
            name: _plain(self.original(who, run)) for name, run in runs.items() if run in self.values[who]
        }
        return {**measured, "nearer_than": nearer, **original}


def compared(prompts: Sequence[Prompt], answers: Mapping[str, Answers], learnt: Learnt | None) -> Comparison:
    """The answers of each model by its name, beside real music, a copy and another piece."""
    everyone: dict[str, Answers] = {
        REAL: [[prompt.real] for prompt in prompts],
        COPY: [[prompt.copy] for prompt in prompts],
        OTHER: [[other] for other in others(prompts)],
        **answers,
    }
    return Comparison(prompts, {who: _measured(prompts, of_one, learnt) for who, of_one in everyone.items()})


def _measured(prompts: Sequence[Prompt], answers: Answers, learnt: Learnt | None) -> dict[str, Floats]:
    values = {
        name: np.array(
            [[measure.of(one, prompt) for one in each] for prompt, each in zip(prompts, answers, strict=True)]
        )
        for name, measure in MEASURES.items()
    }
    if learnt is not None:
        given = [one for each in answers for one in each]
        heard = [prompt.heard for prompt, each in zip(prompts, answers, strict=True) for _ in each]
        for name, runs in (
            (COPIED_RUN, learnt.longest_runs(given)),
            (UNHEARD_RUN, learnt.longest_runs(given, heard)),
        ):
            values[name] = np.array(runs, dtype=np.float64).reshape(len(answers), -1)
    return values


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _plain(number: float) -> float | None:
    """Rounded; None for NaN, which JSON has no word for."""
    return None if np.isnan(number) else round(number, 4)
