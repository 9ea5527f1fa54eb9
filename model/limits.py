"""Hard limits on what may be answered: who may play, and by which rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.score import velocity_of

FRAME_TOKENS = (v.BOS, v.EOS, v.GIVEN, v.MADE, v.FUTURE, v.PRESENT)
ANY_PITCH: Final = ((0, 127),)
EVERYWHERE: Final = "all"
GRIDS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        EVERYWHERE: tuple(range(v.TICKS_PER_QUARTER)),
        "quarter": (0,),
        "eighth": (0, 12),
        "sixteenth": (0, 6, 12, 18),
        "triplet": (0, 8, 16),
    }
)  # ticks of a quarter, counted from the bar line, where something may happen

Bools = NDArray[np.bool_]
Runs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Playing:
    """How one instrument may play; the drum kit has neither `pitches` nor a scale.

    `pitches`: runs (low, high) of pitches that it may play. `polyphony`: most notes that it sounds at once;
    of drums, that it strikes at once. `density`: most notes that it begins in a quarter, spread over the bar:
    up to the end of the bar's quarter k, at most density * k, rounded up. None: no limit.
    `velocities`: the softest and the loudest, 1 to 127. `silent`: it does not play at all.
    """

    pitches: Runs = ANY_PITCH
    polyphony: int | None = None
    density: float | None = None
    velocities: tuple[int, int] = (1, 127)
    silent: bool = False


FREELY: Final = Playing()


@dataclass(frozen=True, slots=True)
class Rules:
    """By which rules an answer plays.

    `scale`: pitch classes, 0 to 11, or None for all. `grid`: one of GRIDS. `chords`: row values of CHORD, one
    a bar and over again. `playing`: how single instruments may play, as (instrument, Playing); `others`: the
    rest. `closes`: the last of several bars stands on its key's own chord, where no other is prescribed, and
    no note begins after its middle. Raises ValueError for an empty scale and for a grid that there is not.
    """

    scale: tuple[int, ...] | None = None
    grid: str = EVERYWHERE
    chords: tuple[int, ...] = ()
    playing: tuple[tuple[int, Playing], ...] = ()
    others: Playing = FREELY
    closes: bool = False

    def __post_init__(self) -> None:
        if self.scale == ():
            raise ValueError("a scale has at least one pitch class; None allows all")
        if self.grid not in GRIDS:
            raise ValueError(f"a grid is one of {', '.join(GRIDS)}, not {self.grid!r}")

    def of(self, instrument: int) -> Playing:
        """How this instrument may play."""
        return dict(self.playing).get(instrument, self.others)

    def chord(self, bar: int) -> int | None:
        """The chord prescribed for the answer's bar of this index, from 0."""
        return self.chords[bar % len(self.chords)] if self.chords else None


FREE: Final = Rules()


@dataclass(frozen=True, slots=True)
class Limits:
    """`instruments`: which may play (0 to 127 programs, 128 drums); None means those that were heard."""

    instruments: frozenset[int] | None = None
    rules: Rules = FREE


def answer_mask(limits: Limits, heard: Set[int]) -> Bools:
    """[SIZE] booleans: an answer keeps meter and tempo, does not end by itself, and plays only who may play.

    Where nobody was named or heard, everybody may.
    """
    mask = np.ones(v.SIZE, dtype=np.bool_)
    mask[list(FRAME_TOKENS)] = False
    for row in (v.NUM, v.DEN, v.TEMPO, v.CHORD):
        mask[row.start : row.stop] = False
    players = heard if limits.instruments is None else limits.instruments
    if players:
        mask[v.INST.start : v.INST.stop] = False
        mask[[v.INST.id(instrument) for instrument in players]] = True
    return mask


def playable(rules: Rules, instrument: int) -> tuple[Bools, str | None]:
    """[128] pitches that the rules leave an instrument, never none; and the rule that gave way for that.

    Where range and scale have no pitch in common the scale gives way, where the range itself holds nothing
    (`pitches` is empty) the range does.
    """
    pitches, scale = np.zeros(128, np.bool_), np.ones(128, np.bool_)
    if instrument == v.DRUMS:
        return scale, None
    for low, high in rules.of(instrument).pitches:
        pitches[low : high + 1] = True
    if rules.scale is not None:
        scale = np.isin(np.arange(128) % 12, rules.scale)
    if not pitches.any():
        return scale, "pitch_range"
    return (pitches & scale, None) if (pitches & scale).any() else (pitches, "scale")


def playable_velocities(playing: Playing) -> Bools:
    """[32] velocity bins inside the range; the one nearest to its lower end where none is."""
    low, high = playing.velocities
    bins = np.array([low <= velocity_of(each) <= high for each in range(v.VELOCITIES)])
    if not bins.any():
        bins[min(range(v.VELOCITIES), key=lambda each: abs(velocity_of(each) - low))] = True
    return bins


def before_loudness(velocities: tuple[int, int], loudness: float) -> tuple[int, int]:
    """The range that velocities must have to lie in this one once they are multiplied by `loudness`."""
    low, high = math.ceil(velocities[0] / loudness), math.floor(velocities[1] / loudness)
    low = max(1, min(127, low))
    return low, max(low, min(127, high))
