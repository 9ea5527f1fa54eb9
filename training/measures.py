"""The one table of musical measures: everything that is asked of an answer, and of what is set beside it.

No row says by itself whether an answer is good. A copy of the last bars has the key, groove and density of
real music and gives itself away by its echo; another piece has all of those too, and gives itself away by
what it shares with what was heard. So all rows are read at once, with real music, copy and another piece
beside the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from meloformer.model.score import Score
from meloformer.training import form, likeness, style
from meloformer.training.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: its range, its unit, where it is from, and how an answer to a prompt is measured."""

    name: str
    low: float
    high: float | None  # None: there is no highest
    unit: str
    meaning: str
    source: str
    of: Callable[[Score, Prompt], float]


def _alone(measure: Callable[[Score], float]) -> Callable[[Score, Prompt], float]:
    return lambda answer, prompt: float(measure(answer))


MUSPY = "muspy.metrics"
OURS = "our own"

_ROWS: Final = (
    Measure(
        name="entropy",
        low=0,
        high=3.585,
        unit="bits",
        meaning="how many pitch classes share the notes",
        source=f"{MUSPY}.pitch_class_entropy",
        of=_alone(style.pitch_class_entropy),
    ),
    Measure(
        name="scale",
        low=0,
        high=1,
        unit="share of notes",
        meaning="notes in the scale that fits best",
        source=f"{MUSPY}.scale_consistency",
        of=_alone(style.scale_consistency),
    ),
    Measure(
        name="groove",
        low=0,
        high=1,
        unit="share of sixteenths",
        meaning="how alike neighbouring bars are in their onsets",
        source=f"{MUSPY}.groove_consistency",
        of=_alone(style.groove_consistency),
    ),
    Measure(
        name="density",
        low=0,
        high=None,
        unit="notes a bar",
        meaning="how much happens",
        source=OURS,
        of=_alone(style.density),
    ),
    Measure(
        name="polyphony",
        low=1,
        high=None,
        unit="notes at once",
        meaning="how many notes sound together",
        source=f"{MUSPY}.polyphony",
        of=_alone(style.polyphony),
    ),
    Measure(
        name="echo",
        low=0,
        high=1,
        unit="share of notes",
        meaning="how much of a heard bar comes back in an answered one",
        source=OURS,
        of=lambda answer, prompt: likeness.echo(answer, prompt.heard),
    ),
    Measure(
        name="motifs",
        low=0,
        high=1,
        unit="share of motifs",
        meaning="motifs of four notes that were heard, in any key",
        source=OURS,
        of=lambda answer, prompt: likeness.motif_overlap(answer, prompt.heard),
    ),
    Measure(
        name="onset_f1",
        low=0,
        high=1,
        unit="F1",
        meaning="onsets in common with the bars that really followed",
        source=OURS,
        of=lambda answer, prompt: likeness.onset_f1(answer, prompt.real),
    ),
    Measure(
        name="chroma",
        low=0,
        high=1,
        unit="cosine",
        meaning="pitch classes in common with the bars that really followed",
        source=OURS,
        of=lambda answer, prompt: likeness.chroma_similarity(answer, prompt.real),
    ),
    Measure(
        name="repeats",
        low=0,
        high=None,
        unit="bars",
        meaning="the longest run of bars that are exactly the same",
        source=OURS,
        of=_alone(form.repeated_bars),
    ),
)

MEASURES: Final = MappingProxyType({row.name: row for row in _ROWS})
WITHIN_REAL: Final = ("entropy", "scale", "groove", "density", "polyphony", "echo")
"""What should lie as near to the real continuation as real continuations lie to each other."""
