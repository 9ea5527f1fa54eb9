"""Hard limits on what may be answered, as masks over the vocabulary."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v

FRAME_TOKENS = (v.BOS, v.EOS, v.GIVEN, v.MADE, v.FUTURE, v.PRESENT)


@dataclass(frozen=True, slots=True)
class Limits:
    """`instruments`: which may play (0 to 127 programs, 128 drums); None means those that were heard."""

    instruments: frozenset[int] | None = None


def answer_mask(limits: Limits, heard: Set[int]) -> NDArray[np.bool_]:
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
