"""A model is loaded and warmed, and reads the conversation, beside the one that plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from meloformer.bridge import now
from meloformer.bridge.engine.messages import Load, LoadFailed
from meloformer.model.events import BarStart, NoteOff, NoteOn
from meloformer.model.listener import Weights
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter
from meloformer.model.successor import Successor
from meloformer.model.weights import load_to_play

_ROUNDS: Final = 4  # in each of which is read what was played while the one before was being read
_SOON_READ: Final = 32  # so few tokens are read in a few milliseconds, when the model takes over
_WARMING_EVENTS: Final = 16
_WARMING: Final = (BarStart(0, Meter(4, 4)), NoteOn(0, 0, 60, 20), NoteOff(24, 0, 60))


@dataclass(frozen=True, slots=True)
class Warm:
    """A model is ready, and has read the conversation but for its last moments."""

    name: str
    successor: Successor
    began_s: float


def loaded(message: Load, told: Callable[[], tuple[int, ...]]) -> Warm | LoadFailed:
    """Load, warm up and read the conversation, so far `told()` in tokens, while another model plays on."""
    began_s = now.seconds()
    try:
        successor = Successor(_warmed(load_to_play(Path(message.weights), message.device)))
        for _ in range(_ROUNDS):
            tokens = told()
            if successor.missing(tokens) > _SOON_READ:
                successor.read(tokens)
    except Exception as error:
        return LoadFailed(message.name, in_short(error))
    return Warm(message.name, successor, began_s)


def in_short(error: Exception) -> str:
    """An error in one line; our own say what to do."""
    text = " ".join(str(error).split())
    return text if type(error).__module__.startswith("meloformer.") else f"{type(error).__name__}: {text}"


def _warmed(network: Weights) -> Weights:
    """The network after its first few tokens, which take longer than all others."""
    performer = Performer(network, Sampling(), seed=0)
    for event in _WARMING:
        performer.hear(event)
    for _ in islice(performer.answer(1), _WARMING_EVENTS):
        pass
    return network
