"""What one live control may be, in numbers and in words, and where a knob stands for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

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
        return round(value) if self.whole else value

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
