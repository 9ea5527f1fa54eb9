"""What a preset says, as frozen values: the model to load and how it listens, answers and is played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Final, Literal

from meloformer.presets.control import Setting
from meloformer.presets.controls import CONTROLS
from meloformer.presets.parts import FAMILIES, Part, natural_role
from meloformer.presets.words import instruments

PhraseEnd = Literal["silence", "bars", "signal"]
Quantise = Literal["now", "beat", "bar"]
Late = Literal["drop", "shift", "compress"]
Interrupt = Literal["now", "beat"]
Feedback = Literal["none", "changes"]
PhraseTempo = Literal["clock", "free"]

PHRASE_ENDS: Final[tuple[PhraseEnd, ...]] = ("silence", "bars", "signal")
PHRASE_TEMPOS: Final[tuple[PhraseTempo, ...]] = ("clock", "free")
FEEDBACKS: Final[tuple[Feedback, ...]] = ("none", "changes")
QUANTISES: Final[tuple[Quantise, ...]] = ("now", "beat", "bar")
LATES: Final[tuple[Late, ...]] = ("drop", "shift", "compress")
INTERRUPTS: Final[tuple[Interrupt, ...]] = ("now", "beat")


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How the model chooses each note; ranges are those of the table of controls."""

    temperature: float
    top_p: float
    min_p: float
    seed: int
    echo: float
    memory: float


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """Starting values of the controls that have no other place in a preset."""

    velocity: float = 1.0
    polyphony: int = 32
    density: float = 32.0
    pitch_range: tuple[int, int] = (0, 127)
    velocity_range: tuple[int, int] = (1, 127)
    silence: int = 0
    cadence: int = 1
    scale: str = "free"
    grid: str = "all"
    chords: str = "free"
    programs: str = "heard"


@dataclass(frozen=True, slots=True)
class MidiMapping:
    """One knob, pedal or program change and what it does.

    Exactly one of `cc` and `program` is set (0 to 127), and exactly one of `control`, `action`
    and `preset` (the name of one to load).
    A controller runs its control from `low` (position 0) to `high` (position 127); with `channel`, 1 to 16,
    only that channel's.
    """

    cc: int | None = None
    program: int | None = None
    control: str | None = None
    action: str | None = None
    low: float | None = None
    high: float | None = None
    channel: int | None = None
    preset: str | None = None

    def value(self, position: int) -> float:
        """The control's value at a controller position, 0 to 127; only for a mapping with a control."""
        assert self.control is not None
        return CONTROLS[self.control].from_cc(position, self.low, self.high)

    def position(self, value: float) -> int:
        """The controller position, 0 to 127, nearest to a value of the control."""
        assert self.control is not None
        return CONTROLS[self.control].to_cc(value, self.low, self.high)


@dataclass(frozen=True, slots=True)
class MidiOutput:
    """What is sent by MIDI beside the answer's notes.

    `programs`: each part's program on its channel. `state_cc`: the controller, 0 to 119, that says what the
    bridge is doing; None: none does.
    """

    programs: bool = False
    state_cc: int | None = None


NOTES_ALONE: Final = MidiOutput()


@dataclass(frozen=True, slots=True)
class Listen:
    """How a phrase ends: by a silence in beats, after a number of bars, or only when told.

    `tempo`: where no clock runs, by the transport's tempo (clock) or by the player's own (free).
    """

    end: PhraseEnd
    silence_beats: float
    bars: int
    tempo: PhraseTempo = "clock"


@dataclass(frozen=True, slots=True)
class Answer:
    """How long an answer is, where it may begin, how far ahead it is planned.

    Up to `lookahead_beats` ahead of the playhead what is planned stays; later bars change when the player
    changes something. Up to `commit_beats` ahead, which is no further, notes are sent.
    `interrupt`: an answer that the player interrupts ends at once, or on the next beat.
    `late`: what becomes of a note that is decided too late. It is left out; or it moves, and all that
    follows with it, to a later beat; or it sounds at once, and what follows it is in time again.
    """

    bars: int
    quantise: Quantise
    lookahead_beats: float
    commit_beats: float
    late: Late = "compress"
    interrupt: Interrupt = "now"


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything one preset file says. `weights` is the absolute path of a safetensors file."""

    name: str
    description: str
    weights: Path
    sampling: SamplingSettings
    controls: ControlSettings
    parts: tuple[Part, ...]
    midi_map: tuple[MidiMapping, ...]
    listen: Listen
    answer: Answer
    feedback: Feedback = "none"
    midi_out: MidiOutput = NOTES_ALONE
    channel_controls: Mapping[tuple[str, int], Setting] = field(default_factory=dict)  # where a part says so

    def value(self, control: str) -> Setting:
        """The starting value of a live control, by its name in the table of controls."""
        found: Setting = attrgetter(CONTROLS[control].home)(self)
        return found

    def suits(self, heard: Iterable[int]) -> bool:
        """Whether it is made for music in these instruments, 0 to 127 or DRUMS.

        Each is of the family of one who answers: those that `programs` names, or else those of the parts;
        where there is neither, or somebody of every family, whoever is heard.
        """
        own = instruments(self.controls.programs) or [part.instrument for part in self.parts]
        families = {natural_role(each) for each in own}
        return not own or families >= FAMILIES or {natural_role(each) for each in heard} <= families


DEFAULT_MIDI_MAP: Final = tuple(
    MidiMapping(cc=control.cc, control=control.name)
    for control in CONTROLS.values()
    if control.cc is not None
)
