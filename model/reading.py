"""Where a reader of HID stands in the stream: what came last, what is in force, what sounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from meloformer.model.events import Key
from meloformer.model.score import Meter

NOT_NAMED = -1  # an instrument, where none has been named yet


class Last(Enum):
    """What kind of token came last; decides what may follow."""

    NOTHING = auto()
    OPENING = auto()  # BOS, FUTURE or PRESENT: a bar must follow
    BAR = auto()
    NUM = auto()
    METER = auto()
    CHORD = auto()
    SECTION = auto()  # GIVEN or MADE
    POS = auto()
    TEMPO = auto()
    INST = auto()
    RELEASE = auto()
    VEL = auto()
    ONSET = auto()
    END = auto()


class Part(Enum):
    """Which stretch of the music the stream is telling."""

    PAST = auto()
    FUTURE = auto()
    PRESENT = auto()


class Section(Enum):
    """Which stretch of the bar: all of it, its given parts, or those that are made to fit them."""

    WHOLE = auto()
    GIVEN = auto()
    MADE = auto()


@dataclass(slots=True)
class Voice:
    """What is remembered of one instrument."""

    velocity: int | None = None
    sounding: dict[int, int] = field(default_factory=dict)  # by pitch, the tick since which it sounds


@dataclass(slots=True)
class Group:
    """What the present group of one instrument has said so far."""

    off: int = -1
    on: int = -1
    released: set[int] = field(default_factory=set)
    has_onset: bool = False


@dataclass(slots=True)
class Reading:
    """The state of one reader. Ticks count from the start of the piece.

    Those of FUTURE bars count from the first of them: how far away they are is not told by the stream.
    """

    last: Last = Last.NOTHING
    part: Part = Part.PAST
    meter: Meter | None = None
    numerator: int = 0  # told, while its denominator is not
    tempo: int | None = None
    voices: dict[int, Voice] = field(default_factory=dict)
    bar_tick: int = 0  # where the present bar starts
    in_bar: bool = False
    section: Section = Section.WHOLE
    given: set[int] = field(default_factory=set)  # instruments that the bar's given section told
    position: int = -1  # ticks into the bar of the present moment; -1 before the first
    instrument: int = NOT_NAMED
    done: set[int] = field(default_factory=set)  # instruments that have had their group in this moment
    group: Group = field(default_factory=Group)

    @property
    def tick(self) -> int:
        """The present moment."""
        return self.bar_tick + max(self.position, 0)

    @property
    def end_tick(self) -> int:
        """Where the present bar ends."""
        return self.bar_tick + (self.meter.ticks if self.in_bar and self.meter else 0)

    @property
    def sounding(self) -> frozenset[Key]:
        """The notes that sound at this moment."""
        return frozenset((each, pitch) for each, voice in self.voices.items() for pitch in voice.sounding)

    def voice(self) -> Voice:
        """That of the present instrument."""
        return self.voices.setdefault(self.instrument, Voice())
