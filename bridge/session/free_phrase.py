"""What a session knows of a phrase that is played without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from meloformer.bridge.beat_grid import Grid
from meloformer.bridge.beats import Estimate
from meloformer.bridge.capture import Capture
from meloformer.bridge.readings import Verdict
from meloformer.model.events import Event
from meloformer.model.score import Meter


class Free(NamedTuple):
    """Whether phrases are played by the player's own beat, and what of it a person has set."""

    on: bool = False
    bpm: float | None = None
    meter: Meter | None = None


class Moment(NamedTuple):
    """Something was played at the instant `at`: a note, its end (velocity 0), or the pedal moved."""

    at: float
    channel: int
    pitch: int = 0
    velocity: int = 0
    instrument: int = 0
    pedal_down: bool | None = None

    def told(self, heard: Capture, beat: float, bpm: float) -> tuple[Capture, tuple[Event, ...]]:
        """What is heard, with it, if the instant was this beat; and the events to tell."""
        if self.pedal_down is not None:
            return heard.pedal(beat, self.channel, self.pedal_down)
        if self.velocity:
            return heard.note_on(beat, self.channel, self.pitch, self.velocity, self.instrument, bpm)
        return heard.note_off(beat, self.channel, self.pitch)


class Asked(NamedTuple):
    """The engine weighs the readings of the phrase on this grid, as it was at this instant."""

    request: str
    at: float
    grid: Grid


@dataclass(frozen=True, slots=True)
class FreePhrase:
    """The phrase so far, as it was played. All times are monotonic seconds.

    `shadow` hears the phrase by a clock of one beat a second since `began`, the first note: it knows what is
    held and when something was last heard.
    """

    began: float
    pedals: frozenset[int]  # channels whose pedal was down
    shadow: Capture
    looked: float  # when the beat was last looked for
    moments: tuple[Moment, ...] = ()
    shown: Estimate | None = None  # the last estimate that was shown
    asked: Asked | None = None
    verdict: Verdict | None = None  # of the engine, on what had been played when it was asked
