"""The one table of live controls: what a musician may turn while the music plays.

A row here is a preset field, an OSC address (`/melo/control/<name>`), a default MIDI CC and a line of the
reference, all with the same range. A row is added together with what it does, never before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

CC_TOP: Final = 127


def numbers_from(low: float, high: float, whole: bool) -> str:
    """A range in words, for a message: `a number from 0 to 2`."""
    ends = [int(end) if end == int(end) else end for end in (low, high)]
    return f"a {'whole ' if whole else ''}number from {ends[0]} to {ends[1]}"


@dataclass(frozen=True, slots=True)
class Control:
    """One live control. `home` is where a preset file sets its starting value, as a dotted path."""

    name: str
    kind: Literal["int", "float"]
    low: float
    high: float
    default: float
    unit: str
    meaning: str
    home: str
    cc: int | None  # the MIDI controller that moves it when a preset has no midi_map; None: none does

    @property
    def whole(self) -> bool:
        return self.kind == "int"

    @property
    def allowed(self) -> str:
        """The range in words, for a message."""
        return numbers_from(self.low, self.high, self.whole)

    def allows(self, value: float) -> bool:
        """True for a number in range; NaN, infinities and truth values are never allowed."""
        if isinstance(value, bool) or not self.low <= value <= self.high:
            return False
        return not self.whole or value == int(value)

    def from_cc(self, position: int, low: float | None = None, high: float | None = None) -> float:
        """The value at a MIDI controller's position, 0 to 127, spread over `low` to `high`.

        `low` may lie above `high`: the knob then works the other way round.
        """
        start = self.low if low is None else low
        stop = self.high if high is None else high
        value = start + (stop - start) * position / CC_TOP
        return float(round(value)) if self.whole else value


_ROWS: Final = (
    Control(
        name="temperature",
        kind="float",
        low=0.0,
        high=2.0,
        default=1.0,
        unit="",
        meaning="how daring the answer is: 0 always takes the likeliest note, 2 is wild",
        home="sampling.temperature",
        cc=20,
    ),
    Control(
        name="top_p",
        kind="float",
        low=0.05,
        high=1.0,
        default=0.95,
        unit="share of probability",
        meaning="the model chooses among the likeliest notes that make up this share; 1 allows all",
        home="sampling.top_p",
        cc=21,
    ),
    Control(
        name="min_p",
        kind="float",
        low=0.0,
        high=0.5,
        default=0.02,
        unit="share of the likeliest note",
        meaning="notes less likely than this share of the likeliest one are left out; 0 leaves none out",
        home="sampling.min_p",
        cc=22,
    ),
    Control(
        name="seed",
        kind="int",
        low=0,
        high=2**31 - 1,
        default=1,
        unit="",
        meaning="where chance begins: the same phrase, settings and seed give the same answer",
        home="sampling.seed",
        cc=None,
    ),
    Control(
        name="memory",
        kind="float",
        low=0.0,
        high=1.0,
        default=0.0,
        unit="",
        meaning="how readily phrases of this sitting come back, in any key: 0 leaves that to the model",
        home="sampling.memory",
        cc=25,
    ),
    Control(
        name="bars",
        kind="int",
        low=1,
        high=64,
        default=4,
        unit="bars",
        meaning="how long an answer is",
        home="answer.bars",
        cc=23,
    ),
    Control(
        name="velocity",
        kind="float",
        low=0.25,
        high=2.0,
        default=1.0,
        unit="times",
        meaning="how hard the answer plays: every velocity is multiplied by this",
        home="controls.velocity",
        cc=24,
    ),
)

CONTROLS: Final[Mapping[str, Control]] = MappingProxyType({row.name: row for row in _ROWS})

# What a pedal, pad or program change may trigger; each is the end of an OSC address: /melo/<action>.
ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "phrase/begin": "forget the phrase so far and start listening",
        "phrase/end": "the phrase is complete: answer it",
        "continue": "continue what has been heard, now",
        "stop": "stop answering",
        "panic": "silence everything at once",
    }
)
