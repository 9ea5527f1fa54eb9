"""What the bridge and its engine tell each other: frozen values; `lines.py` writes each as one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meloformer.bridge.settings import Device
from meloformer.model.events import BarStart, Event
from meloformer.model.limits import FREE, Rules
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter

MOST_BARS: Final = 64


@dataclass(frozen=True, slots=True)
class Load:
    """Load these weights beside what is in use, warm them up, and switch when that succeeded."""

    name: str
    weights: str
    device: Device


@dataclass(frozen=True, slots=True)
class Reset:
    """A new conversation: nothing has been heard. `seed` decides every later choice."""

    seed: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that was played, in time order; the first of a conversation is a BarStart at tick 0."""

    event: Event


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer with this many new bars (1 to 64). `instruments` are those allowed; None: those heard."""

    request: str
    bars: int
    sampling: Sampling
    instruments: tuple[int, ...] | None
    rules: Rules = FREE


@dataclass(frozen=True, slots=True)
class Vary:
    """Ask, but as one of several variations, which all begin where the conversation stood at the first."""

    request: str
    bars: int
    sampling: Sampling
    instruments: tuple[int, ...] | None
    rules: Rules = FREE


@dataclass(frozen=True, slots=True)
class Choose:
    """The conversation goes on from the variation that answered this request."""

    request: str


@dataclass(frozen=True, slots=True)
class PlayAlong:
    """From now on what is heard is a player who goes on while `NextBar` is answered."""


@dataclass(frozen=True, slots=True)
class NextBar:
    """Play along in the bar that begins at `start`, before it is known what the player does in it.

    Only these instruments play; every bar line before `start` has been told.
    """

    request: str
    start: BarStart
    sampling: Sampling
    instruments: tuple[int, ...]
    rules: Rules = FREE


@dataclass(frozen=True, slots=True)
class Infill:
    """Make bars `first` to `last` (from 0, both included) of the first `of` of the conversation anew.

    It then consists of these `of` bars.
    """

    request: str
    first: int
    last: int
    of: int
    sampling: Sampling
    instruments: tuple[int, ...] | None
    rules: Rules = FREE


@dataclass(frozen=True, slots=True)
class Revise:
    """Make the last `bars` bars of an answer anew, from its bar line at `tick` of the conversation on."""

    request: str
    tick: int
    bars: int
    sampling: Sampling
    instruments: tuple[int, ...] | None
    meter: Meter
    rules: Rules = FREE


@dataclass(frozen=True, slots=True)
class Weigh:
    """How much does each of these tellings of one phrase surprise the model, each by itself?

    Nothing else changes by it, and an engine that has something else to do leaves it.
    """

    request: str
    tellings: tuple[tuple[Event, ...], ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop answering this request; what comes later than this is not wanted."""

    request: str


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The weights of preset `name` answer from now on; `milliseconds` from file to warm."""

    name: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The weights of preset `name` cannot be used; those in use stay."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """One event of the answer, told as soon as it was decided."""

    request: str
    event: Event


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is over: `reason` is `done`, `stopped` or `failed`."""

    request: str
    notes: int
    reason: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """How much each telling of this request surprised the model, in nats; of none, where it was left."""

    request: str
    nats: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed in the engine, which goes on."""

    reason: str


Question = Ask | Vary | Infill | NextBar | Revise
ToEngine = Load | Reset | Heard | Weigh | Question | Choose | PlayAlong | Stop | Quit
FromEngine = Loaded | LoadFailed | Said | Ended | Weighed | Trouble
Message = ToEngine | FromEngine
