"""What a session knows, as one frozen value made of frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from meloformer.bridge.capture import Capture
from meloformer.bridge.incoming import PhraseNote
from meloformer.bridge.ledger import Ledger
from meloformer.bridge.midi import Key, MidiNote, MidiOut
from meloformer.bridge.pulse import Pulse
from meloformer.bridge.scheduler import Schedule
from meloformer.bridge.session.events import Linked, Received
from meloformer.bridge.session.free_phrase import Free, FreePhrase
from meloformer.bridge.session.phases import Phase
from meloformer.bridge.settings import ClockName, Device, Latency
from meloformer.bridge.tempo import Clock
from meloformer.bridge.transcript import Transcript
from meloformer.model.events import Event
from meloformer.model.limits import Rules
from meloformer.model.sampling import Sampling
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from meloformer.presets.preset import Listen, Preset


class Client(NamedTuple):
    """Somewhere that wants replies."""

    host: str
    port: int


class Engine(Enum):
    """How the engine is; the values are shown by `/melo/status`."""

    STARTING = "starting"
    LOADING = "loading"  # it has no model yet
    READY = "ready"
    EMPTY = "empty"  # its first model could not be loaded


@dataclass(frozen=True, slots=True)
class Listening:
    """A phrase in the making: played (`live`, or `free` of a clock) or given as a score, never both.

    `explicit`: a client said begin, so only a client says end. The phrase keeps the parts and the way of
    listening with which it began, whatever preset comes meanwhile.
    """

    listen: Listen
    parts: tuple[Part, ...]
    explicit: bool
    live: Capture | None = None
    free: FreePhrase | None = None
    score: tuple[PhraseNote, ...] = ()

    @property
    def is_played(self) -> bool:
        """True once a note was played."""
        return self.live is not None or self.free is not None

    @property
    def is_empty(self) -> bool:
        """True as long as nothing was played or given."""
        return not self.is_played and not self.score


class Voice(NamedTuple):
    """One answered note on its way: `id` stays the same from its on to its off."""

    id: int
    channel: int
    pitch: int


class Strike(NamedTuple):
    """A note of the answer begins; `velocity` is MIDI's, before the controls unless `settled`."""

    voice: Voice
    velocity: int
    settled: bool = False


class Release(NamedTuple):
    """A note of the answer ends; `key`: instrument and pitch to the model, to which a drum has no end."""

    voice: Voice
    key: tuple[int, int] | None = None


class Line(NamedTuple):
    """A bar of the answer begins."""

    bar: int
    chord: str


Cue = Strike | Release | Line


class Departure(NamedTuple):
    """A MIDI note on its way to the port; `id` is its voice's."""

    id: int
    message: MidiNote


class Variation(NamedTuple):
    """A complete answer that waits to be chosen; the engine knows it by its request."""

    request: str
    events: tuple[Event, ...]


class Span(NamedTuple):
    """Bars of the phrase, `first` to `last`, counted from 0, of the `of` bars that it has."""

    first: int
    last: int
    of: int


class Terms(NamedTuple):
    """What an answer is made by; what the player changes meanwhile makes other ones."""

    sampling: Sampling
    players: tuple[int, ...] | None
    rules: Rules
    meter: Meter
    model: int  # how many had been loaded


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, from asking to its last note-off.

    The model counts ticks and its answer may begin at any of them: `first_tick` is its first bar line,
    which sounds at the transport's beat `first_beat`. A beat that is not known yet is None; what the engine
    says until it is waits in `unplaced`.
    """

    request: str
    bars: int
    parts: tuple[Part, ...]
    heard_on: Mapping[int, int]  # channel by instrument
    asked_s: float  # seconds
    not_before: float  # beat
    deaf_until: float  # beat: a note before it still belongs to the phrase, and does not interrupt
    span: Span | None = None  # of an infill: the bars to be made anew
    asked: bool = False  # the engine knows
    asked_as: str = ""  # by this name; another one once it is made anew
    terms: Terms | None = None  # by which it was asked for; None: it is never made anew
    stale: bool = False  # the terms are other ones by now
    anew_from: int | None = None  # tick of the bar line from which it is made anew for that
    promised: int = 0  # tick: up to here it stays as it is planned, whatever a new preset says
    first_beat: float | None = None
    first_tick: int | None = None
    end_tick: int = 0
    unplaced: tuple[Event, ...] = ()
    open: Mapping[tuple[int, int], Voice] = field(default_factory=dict)
    lines: tuple[int, ...] = ()  # ticks of the bar lines that were said
    notes: int = 0  # that have left
    complete: bool = False  # the engine has said everything


class Ending(NamedTuple):
    """An answer that was interrupted and sounds on until `beat`; `notes` have left."""

    request: str
    notes: int
    beat: float


class Link(NamedTuple):
    """The Link session we are in, its bars as we asked for them, in beats.

    `playing`: whether it was started by a person, here or there; `last`: what it said last.
    """

    quantum: float
    playing: bool
    last: Linked | None = None


class Armed(NamedTuple):
    """The next tick of the MIDI clock is this beat of the transport, if it comes by then (seconds)."""

    beat: float
    until: float


@dataclass(frozen=True, slots=True)
class Variations:
    """Several answers to choose from: `ready` are complete, `request` is in the making (None: none is).

    They are made one after the other, until there are `count`; `events` is what the engine has said of the
    one in the making.
    """

    count: int
    bars: int
    before: Transcript  # of the conversation that they continue
    ready: tuple[Variation, ...] = ()
    request: str | None = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Along:
    """The band plays along, from the player's first note on; until then `heard` is None.

    The band's answer is the session's, and has no end of its own: bars are asked for one by one.
    """

    heard: Capture | None = None
    next_tick: int = 0  # where the next bar begins that the engine is to be asked for


@dataclass(frozen=True, slots=True)
class Counts:
    """What `/melo/status` counts."""

    heard: int = 0
    sent: int = 0
    late: int = 0
    dropped: int = 0
    shifted: int = 0
    refused: int = 0


@dataclass(frozen=True)  # no slots: a step makes many of these, and `with_` copies a `__dict__` in no time
class State:
    """Everything that a session knows; `clients` said hello and get every Send, beside the default one."""

    version: str
    started: float
    device: Device
    preset: Preset
    controls: Mapping[str, Any]  # of each row of the table: a number, a text or a range
    clock: Clock
    now: float  # of the last step; time does not go back
    channel_controls: Mapping[tuple[str, int], Any] = field(default_factory=dict)  # where a channel differs
    learning: str | None = None  # the control that the next CC will turn
    following: ClockName = "auto"  # the clock asked for
    pulse: Pulse | None = None  # of the MIDI clock, while one ticks
    armed: Armed | None = None
    has_link: bool = False  # one can be joined
    link: Link | None = None  # while one is followed
    sends_clock: bool = False  # by MIDI, while the tempo is our own
    free: Free = field(default_factory=Free)
    latency: Latency = field(default_factory=Latency)
    next_tick: int | None = None  # of that clock, 24 to a beat; None while it has not been started
    phase: Phase = Phase.IDLE
    engine: Engine = Engine.STARTING
    engine_delay_s: float = 0.0  # to an engine on another machine, and back
    loading: Preset | None = None
    wanted: Preset | None = None  # to be loaded after that
    models: int = 0  # loaded so far
    programs: Mapping[int, int] = field(default_factory=dict)  # by channel
    pedals: frozenset[int] = frozenset()  # channels
    listening: Listening | None = None
    paused: bool = False  # nothing that is played is heard
    can_continue: bool = False  # there is a conversation
    transcript: Transcript = field(default_factory=Transcript)  # of it
    phrase_bars: int = 0  # that the engine has heard of the phrase
    heard_on: Mapping[int, int] = field(default_factory=dict)
    variations: Variations | None = None
    along: Along | None = None
    answer: Answer | None = None
    next_answer: Answer | None = None  # begins where the present one ends
    ending: Ending | None = None  # before the present one
    endless: bool = False  # every answer is continued, until somebody stops it
    cues: Schedule[Cue] = field(default_factory=Schedule)  # in beats: not sent yet
    departures: Schedule[Departure] = field(default_factory=Schedule)  # in seconds: yet to leave by MIDI
    sent_until: float = 0.0  # seconds: the latest instant at which something sent by OSC sounds
    osc: Ledger = field(default_factory=Ledger)
    midi: Ledger = field(default_factory=Ledger)
    echoes: tuple[tuple[float, MidiOut], ...] = ()  # what MIDI sent a moment ago
    echoed: frozenset[Key] = frozenset()  # a loop has brought back the note that was sent there, not its off
    later: Schedule[Received] = field(default_factory=Schedule)  # in seconds: bundles of the future
    requests: int = 0
    voices: int = 0
    counts: Counts = Counts()
    clients: frozenset[Client] = frozenset()

    @property
    def is_making(self) -> bool:
        """True while a variation is being made."""
        return self.variations is not None and self.variations.request is not None

    def with_(self, **fields: Any) -> State:
        """This state with other values in these fields: `dataclasses.replace`, at a twentieth of its time."""
        state = object.__new__(State)
        state.__dict__.update(self.__dict__, **fields)
        return state
