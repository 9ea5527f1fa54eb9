"""Players that were asked for by name but do not play: they come in, best with a bar.

A network goes on in the instruments that it hears, and names another one so rarely that it never would.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from meloformer.model import vocabulary as v
from meloformer.model.sampling import Allowed, Chances

WITH_A_BAR: Final = 0.7  # of the choice goes to who is waited for, where a bar begins
LATER: Final = 0.03  # and at any other moment


def invited(chances: Chances, permitted: Allowed, position: int, awaited: Set[int]) -> Chances:
    """The same chances [V], with a share for naming one of these players; `position` in ticks of the bar."""
    tokens = [token for token in map(v.INST.id, sorted(awaited)) if permitted[token]]
    if not tokens:
        return chances
    share = WITH_A_BAR if position == 0 else LATER
    with_them = chances * (1 - share)
    with_them[tokens] += share / len(tokens)
    return with_them
