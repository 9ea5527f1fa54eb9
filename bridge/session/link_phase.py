"""Where a bar of the Link session is, so that ours begin with it."""

from __future__ import annotations

import math

from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import Clock, quarters


def is_known(turn: Turn) -> bool:
    """Whether the session has said where its bars are, which are as long as ours."""
    link = turn.state.link
    return (
        link is not None and link.last is not None and link.last.quantum == quarters(turn.state.clock.meter)
    )


def nearest(turn: Turn, beat: float, at: float) -> float:
    """The beat nearest to this one that lies in its bar as the session lies in its own at that instant."""
    link = turn.state.link
    assert link is not None and link.last is not None
    quantum = link.last.quantum
    found = beat + math.remainder(link.last.tempo.beat_at(at) - beat, quantum)
    return found if found >= 0 else found + quantum


def started_by_music(turn: Turn) -> Clock:
    """The transport's clock, that stood still, set going: at beat 0, or in Link's bar."""
    beat = nearest(turn, 0.0, turn.at) if is_known(turn) else 0.0
    return turn.state.clock.started(beat, turn.at, lent=True)
