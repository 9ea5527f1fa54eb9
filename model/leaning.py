"""What an answer would rather do than its network: let in who was asked for by name, bring the bass home.

And what it does in the network's place where that would go on to a moment that is not permitted.
"""

from __future__ import annotations

from collections.abc import Set
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from meloformer.model import vocabulary as v
from meloformer.model.manner import Goal
from meloformer.model.reading import Reading
from meloformer.model.sampling import Allowed, Chances

Logits = NDArray[np.float32]

# A network goes on in the instruments that it hears, and names another one so rarely that it never would.
WITH_A_BAR: Final = 0.7  # of the choice goes to who is waited for, where a bar begins
LATER: Final = 0.03  # and at any other moment
# Told the chord of a bar, it plays the chord's notes, but any of them lowest.
HOMEWARD: Final = 1000.0  # times the odds of the root
HOMEWARD_ALONE: Final = 16.0  # where the lowest part is the only one, for that breaks chords

_ONWARD: Final = np.isin(np.arange(v.SIZE), [v.BAR, *range(v.POS.start, v.POS.stop)])


def invited(chances: Chances, permitted: Allowed, position: int, awaited: Set[int]) -> Chances:
    """The same chances [V], with a share for naming one of these players; `position` in ticks of the bar."""
    tokens = [token for token in map(v.INST.id, sorted(awaited)) if permitted[token]]
    if not tokens:
        return chances
    share = WITH_A_BAR if position == 0 else LATER
    with_them = chances * (1 - share)
    with_them[tokens] += share / len(tokens)
    return with_them


def onward(logits: Logits, permitted: Allowed, possible: Allowed) -> Logits:
    """The same logits [V], but the present moment is over as likely as if all `possible` ones were permitted.

    Else, where the next ones are not, more and more notes would gather in this one.
    """
    left = permitted & _ONWARD
    if not left.any() or not (possible & _ONWARD & ~permitted).any():
        return logits
    led = logits.copy()
    led[left] += np.logaddexp.reduce(logits[possible & _ONWARD]) - np.logaddexp.reduce(logits[left])
    return led


def homeward(logits: Logits, permitted: Allowed, reading: Reading, goal: Goal | None) -> Logits:
    """The same logits [V], but what the lowest instrument begins below all that sounds is rather the root.

    Without a `goal` nothing changes. How likely it is that any such note begins stays as it was.
    """
    if goal is None or reading.instrument != goal.bass:
        return logits
    lowest = min((pitch for voice in reading.voices.values() for pitch in voice.sounding), default=v.ON.size)
    pitches = np.flatnonzero(permitted[v.ON.start : v.ON.start + lowest])
    roots = pitches % 12 == goal.root
    if not roots.any():
        return logits
    notes = logits[v.ON.start + pitches]
    leaning = notes + log(HOMEWARD_ALONE if goal.is_alone else HOMEWARD) * roots
    led = logits.copy()
    led[v.ON.start + pitches] = leaning + np.logaddexp.reduce(notes) - np.logaddexp.reduce(leaning)
    return led
