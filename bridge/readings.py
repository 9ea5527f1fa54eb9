"""How a phrase could be counted: the meters that an estimate knows, with every place of the bar line.

Accents tell four from three badly. A model that has learnt music tells it better: told in a meter that it
was not meant in, a phrase surprises it more. So it is asked, while the phrase is still being played.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from meloformer.bridge.beat_grid import Grid

# Fitted on held-out pieces that were played as a human might, see `training/LOG.md`.
_WEIGHT: Final = 0.3  # of a nat, beside the accents' log odds
_THREES: Final = -0.5  # for three beats in a bar
_SAME_TEMPO: Final = 0.1  # with a tempo further from it, the verdict was about another beat


class Reading(NamedTuple):
    """Bars of so many beats, one of which begins `shift` beats after beat 0 of a grid."""

    beats: int
    shift: int


READINGS: Final = tuple(Reading(beats, shift) for beats in (4, 3) for shift in range(beats))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much each of READINGS, counted on `grid`, surprised a model; in nats."""

    grid: Grid
    nats: tuple[float, ...]

    def on(self, grid: Grid, reading: Reading) -> float:
        """Log odds of a reading of the phrase on a grid that was found later; 0 where nothing is said."""
        if abs(grid.bpm / self.grid.bpm - 1.0) > _SAME_TEMPO:
            return 0.0
        judged = [
            (self._distance(each, grid, reading), nats)
            for each, nats in zip(READINGS, self.nats, strict=True)
            if each.beats == reading.beats
        ]
        prior = _THREES if reading.beats == 3 else 0.0
        return prior - _WEIGHT * (min(judged)[1] - min(self.nats))

    def _distance(self, judged: Reading, grid: Grid, reading: Reading) -> float:
        """Beats from a bar line of the one to the nearest bar line of the other."""
        line = grid.beat_at(self.grid.seconds_at(judged.shift))
        into = (line - reading.shift) % reading.beats
        return min(into, reading.beats - into)
