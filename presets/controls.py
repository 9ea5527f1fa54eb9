"""The one table of live controls: what a musician may turn while the music plays.

A row here is a preset field, an OSC address (`/melo/control/<name>`), a default MIDI CC and a line of the
reference, all with the same range. A row is added together with what it does, never before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from meloformer.presets.words import (
    CHORDS_PATTERN,
    FREE,
    GRID_PATTERN,
    HEARD,
    PROGRAMS_PATTERN,
    SCALE_PATTERN,
)

CC_TOP: Final = 127
LONGEST_TEXT: Final = 200

Setting = float | str | tuple[int, int]  # where a control stands: a number, a text, or a range's two ends


def numbers_from(low: float, high: float, whole: bool) -> str:
    """A range in words, for a message: `a number from 0 to 2`."""
    ends = [int(end) if end == int(end) else end for end in (low, high)]
    return f"a {'whole ' if whole else ''}number from {ends[0]} to {ends[1]}"


@dataclass(frozen=True, slots=True)
class Control:
    """One live control. `home` is where a preset file sets its starting value, as a dotted path.

    An `int` or a `float` lies between `low` and `high`; so do the two whole numbers of a `range`, the lower
    one first. A `text` matches `pattern`, which says what `words` says. `per_channel`: each MIDI channel may
    have its own value.
    """

    name: str
    kind: Literal["int", "float", "range", "text"]
    default: Setting
    unit: str
    meaning: str
    home: str
    low: float = 0
    high: float = 0
    cc: int | None = None  # the MIDI controller that moves it when a preset has no midi_map; None: none does
    per_channel: bool = False
    pattern: str = ""
    words: str = ""

    @property
    def whole(self) -> bool:
        return self.kind == "int"

    @property
    def turns(self) -> bool:
        """Whether a knob can turn it: a single number."""
        return self.kind in ("int", "float")

    @property
    def allowed(self) -> str:
        """What it may be, in words, for a message."""
        if self.kind == "text":
            return self.words
        if self.kind == "range":
            return f"two whole numbers from {self.low:g} to {self.high:g}, the lower one first"
        return numbers_from(self.low, self.high, self.whole)

    def allows(self, value: object) -> bool:
        """True for what it may be; NaN, infinities and truth values are never allowed."""
        if self.kind == "text":
            fits = isinstance(value, str) and len(value) <= LONGEST_TEXT
            return fits and re.search(self.pattern, str(value)) is not None
        if self.kind == "range":
            if not isinstance(value, tuple | list) or len(value) != 2:
                return False
            low, high = value
            return self._holds(low, whole=True) and self._holds(high, whole=True) and low <= high
        return self._holds(value, self.whole)

    def _holds(self, value: object, whole: bool) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and not (whole and value != int(value))

    def from_cc(self, position: int, low: float | None = None, high: float | None = None) -> float:
        """The value at a MIDI controller's position, 0 to 127, spread over `low` to `high`; only if it turns.

        `low` may lie above `high`: the knob then works the other way round.
        """
        start = self.low if low is None else low
        stop = self.high if high is None else high
        value = start + (stop - start) * position / CC_TOP
        return float(round(value)) if self.whole else value

    def to_cc(self, value: float, low: float | None = None, high: float | None = None) -> int:
        """The position nearest to a value: `from_cc` the other way round."""
        start = self.low if low is None else low
        stop = self.high if high is None else high
        share = (value - start) / (stop - start) if stop != start else 0.0
        return round(max(0.0, min(1.0, share)) * CC_TOP)


def shown(value: Setting) -> str:
    """A control's value as a person writes it: `48-72`, `C major`, `0.95`."""
    if isinstance(value, tuple):
        return f"{value[0]}-{value[1]}"
    return value if isinstance(value, str) else f"{value:g}"


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
    Control(
        name="polyphony",
        kind="int",
        low=1,
        high=32,
        default=32,
        unit="notes",
        meaning="the most notes that an instrument sounds at once (drums: strikes at once); 32 is no limit",
        home="controls.polyphony",
        cc=26,
        per_channel=True,
    ),
    Control(
        name="density",
        kind="float",
        low=0.25,
        high=32.0,
        default=32.0,
        unit="notes a beat",
        meaning="the most notes that an instrument begins, spread over each bar: 0.5 is two in a bar of 4/4; "
        "32 is no limit",
        home="controls.density",
        cc=27,
        per_channel=True,
    ),
    Control(
        name="pitch_range",
        kind="range",
        low=0,
        high=127,
        default=(0, 127),
        unit="MIDI notes",
        meaning="the lowest and the highest note that is played (60 is middle C); drums are exempt",
        home="controls.pitch_range",
        per_channel=True,
    ),
    Control(
        name="velocity_range",
        kind="range",
        low=1,
        high=127,
        default=(1, 127),
        unit="MIDI velocity",
        meaning="how soft and how loud a note may be",
        home="controls.velocity_range",
        per_channel=True,
    ),
    Control(
        name="silence",
        kind="int",
        low=0,
        high=1,
        default=0,
        unit="",
        meaning="1: nothing is played",
        home="controls.silence",
        per_channel=True,
    ),
    Control(
        name="scale",
        kind="text",
        default=FREE,
        unit="",
        meaning="the scale that is kept to; drums are exempt",
        home="controls.scale",
        pattern=SCALE_PATTERN,
        words="free, or a root and a kind: major, minor, harmonic minor, melodic minor, dorian, phrygian, "
        "lydian, mixolydian, locrian, major pentatonic, minor pentatonic, blues or whole tone, "
        "such as C major or F# dorian",
    ),
    Control(
        name="grid",
        kind="text",
        default="all",
        unit="",
        meaning="where in a beat notes may begin and end",
        home="controls.grid",
        pattern=GRID_PATTERN,
        words="one of all, quarter, eighth, sixteenth, triplet",
    ),
    Control(
        name="chords",
        kind="text",
        default=FREE,
        unit="",
        meaning="the chords of the answer, one a bar and over again",
        home="controls.chords",
        pattern=CHORDS_PATTERN,
        words="free, or chords such as Am F C G: a root with #, b or neither, and nothing, m, 7, maj7, m7, "
        "dim, aug, sus4 or m7b5; N is no chord",
    ),
    Control(
        name="programs",
        kind="text",
        default=HEARD,
        unit="",
        meaning="the instruments that may play",
        home="controls.programs",
        pattern=PROGRAMS_PATTERN,
        words="heard (those that were), or General MIDI programs from 0 to 127 and drums, such as 0 33 drums",
    ),
)

CONTROLS: Final[Mapping[str, Control]] = MappingProxyType({row.name: row for row in _ROWS})

# What a pedal, pad or program change may trigger; each is the end of an OSC address: /melo/<action>.
ACTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "phrase/begin": "forget the phrase so far and start listening",
        "phrase/end": "the phrase is complete: answer it",
        "continue": "continue what has been heard, now",
        "accompany": "play along, or no more",
        "pause": "hear nothing that is played, or listen again",
        "mute": "the band is silent, or plays again",
        "reset": "forget everything; controls as in the preset",
        "stop": "stop answering",
        "panic": "silence everything at once",
        "transport/start": "run from beat 0",
        "transport/stop": "stand still",
        "transport/continue": "run from where it stood still",
    }
)
