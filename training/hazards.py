"""What may go wrong with an answer to whatever is played, how often it does, and how often in real music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meloformer.model.score import Score
from meloformer.training.bars import in_bars
from meloformer.training.form import repeated_bars

ANSWER_BARS = 12  # long enough to be stuck in
MOST_REPEATS = 8  # bars; what comes back more often is stuck
RUNAWAY_TIMES, RUNAWAY_NOTES = 4, 32  # so many times the fullest heard bar, and more notes than this


@dataclass(frozen=True, slots=True)
class Hazards:
    """How many of so many answers were empty, ran away, or were stuck."""

    answers: int
    empty: int
    runaway: int
    stuck: int

    def rate(self, hazard: str) -> float:
        """0 to 1."""
        count: int = getattr(self, hazard)
        return count / max(1, self.answers)

    def as_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("answers", "empty", "runaway", "stuck")}


def hazards_of(heard: Sequence[Score], answers: Sequence[Score]) -> Hazards:
    """The hazards of answers to what was heard."""
    pairs = list(zip(heard, answers, strict=True))
    return Hazards(
        len(pairs),
        sum(not answer.notes for answer in answers),
        sum(runs_away(answer, before) for before, answer in pairs),
        sum(repeated_bars(answer) > MOST_REPEATS for answer in answers),
    )


def runs_away(answer: Score, heard: Score) -> bool:
    """Whether some answered bar has over four times the notes of the fullest heard bar, and over 32."""
    return _fullest(answer) > max(RUNAWAY_NOTES, RUNAWAY_TIMES * _fullest(heard))


def _fullest(score: Score) -> int:
    """The most notes that begin in one bar."""
    return max(map(len, in_bars(score)), default=0)
