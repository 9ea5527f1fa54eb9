"""The etiquette of the conversation, as a table."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Phase(Enum):
    """What the bridge is doing; the values are those of `/melo/state`."""

    IDLE = "idle"
    LISTENING = "listening"
    GENERATING = "generating"
    PLAYING = "playing"


# Where the controller of a preset that asks for one stands; the text of `state_cc` in presets says the same.
POSITIONS: Final = {Phase.IDLE: 0, Phase.LISTENING: 32, Phase.GENERATING: 64, Phase.PLAYING: 96}


class Cause(Enum):
    """Why the phase may change."""

    HEARD = "a phrase begins, or begins anew"
    FORGOTTEN = "the phrase is given up"
    ASKED = "an answer is asked for"
    SOUNDED = "the answer's first note leaves"
    OVER = "the answer is over, or was stopped"


NEXT: Final = {
    (Phase.IDLE, Cause.HEARD): Phase.LISTENING,
    (Phase.IDLE, Cause.ASKED): Phase.GENERATING,
    (Phase.LISTENING, Cause.HEARD): Phase.LISTENING,
    (Phase.LISTENING, Cause.FORGOTTEN): Phase.IDLE,
    (Phase.LISTENING, Cause.ASKED): Phase.GENERATING,
    (Phase.GENERATING, Cause.HEARD): Phase.LISTENING,
    (Phase.GENERATING, Cause.SOUNDED): Phase.PLAYING,
    (Phase.GENERATING, Cause.OVER): Phase.IDLE,
    (Phase.PLAYING, Cause.HEARD): Phase.LISTENING,
    (Phase.PLAYING, Cause.SOUNDED): Phase.PLAYING,
    (Phase.PLAYING, Cause.OVER): Phase.IDLE,
}
