"""A session rehearsed by hand: time is moved by the test, and the test says what the engine says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.lines import to_engine, to_line
from meloformer.bridge.engine.messages import (
    Ask,
    Ended,
    Heard,
    Infill,
    Loaded,
    NextBar,
    Question,
    Revise,
    Said,
    ToEngine,
    Vary,
)
from meloformer.bridge.midi import MidiIn, MidiNote, MidiOut
from meloformer.bridge.outgoing import Outgoing, OutNote, OutOff
from meloformer.bridge.session.actions import Action, Send, SendMidi, Tell
from meloformer.bridge.session.events import EngineStarted, Played, Received, SessionEvent, Tick
from meloformer.bridge.session.machine import NO_LATENCY, begin, step, wake_at
from meloformer.bridge.session.state import State
from meloformer.bridge.settings import Latency
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.parts import Part
from meloformer.presets.preset import (
    DEFAULT_MIDI_MAP,
    Answer,
    ControlSettings,
    Listen,
    PhraseEnd,
    Preset,
    Quantise,
    SamplingSettings,
)

Kind = TypeVar("Kind")

HOST = "127.0.0.1"
MOST_WAKES = 10_000

BAND = Preset(
    name="band",
    description="for tests",
    weights=Path("band.safetensors"),
    sampling=SamplingSettings(temperature=1.0, top_p=0.95, min_p=0.02, seed=1, echo=0.0, memory=0.0),
    controls=ControlSettings(velocity=1.0),
    parts=(Part(1, 0, "any"), Part(10, 128, "drums")),
    midi_map=DEFAULT_MIDI_MAP,
    listen=Listen("silence", silence_beats=2.0, bars=4),
    answer=Answer(bars=4, quantise="bar", lookahead_beats=0.5, commit_beats=0.1),
)


def band(name: str = "band", end: PhraseEnd = "silence", bars: int = 4, quantise: Quantise = "bar") -> Preset:
    """The test's preset, listening or answering in another way."""
    listen = replace(BAND.listen, end=end, bars=bars)
    return replace(BAND, name=name, listen=listen, answer=replace(BAND.answer, quantise=quantise))


class Rehearsal:
    """One session from its beginning; by default its engine is ready and it is second 100."""

    def __init__(
        self,
        preset: Preset = BAND,
        ready: bool = True,
        sends_clock: bool = False,
        latency: Latency = NO_LATENCY,
        has_link: bool = False,
    ) -> None:
        self.now = 100.0
        self.late_s = 0.0  # by which it is woken later than it asks to be, as any real process is
        self.state: State = begin(preset, "1.2.3", "cpu", self.now, "auto", sends_clock, latency, has_link)
        self.done: list[tuple[float, Action]] = []
        if ready:
            self.happens(EngineStarted(), Loaded(preset.name, 12.5))
            self.done.clear()

    def happens(self, *events: SessionEvent) -> list[Action]:
        """Step the session with each event, now; what it did about all of them."""
        first = len(self.done)
        for event in events:
            self.state, actions = step(self.state, event, self.now)
            self.done += [(self.now, action) for action in actions]
            for action in actions:
                if isinstance(action, Tell):  # an engine elsewhere gets it as a line
                    assert to_engine(to_line(action.message)) == action.message
        return [action for _, action in self.done[first:]]

    def receives(self, *messages: osc.Incoming, at: float | None = None) -> list[Action]:
        """Messages from a client come in."""
        instant = self.now if at is None else at
        return self.happens(*(Received(message, HOST, instant) for message in messages))

    def midi(self, *messages: MidiIn) -> list[Action]:
        """MIDI messages come in."""
        return self.happens(*(Played(message, self.now) for message in messages))

    def plays(self, *pitches: int, channel: int = 1, beats: float = 1.0) -> None:
        """Live notes one after the other, each as long as the step to the next."""
        for pitch in pitches:
            self.receives(osc.LiveNote(channel, pitch, 80))
            self.waits(beats=beats)
            self.receives(osc.LiveNote(channel, pitch, 0))

    def waits(self, seconds: float = 0.0, beats: float = 0.0) -> list[Action]:
        """Time passes; the session is woken whenever it asks to be."""
        end = self.now + seconds + beats * 60 / self.state.clock.bpm
        first = len(self.done)
        for _ in range(MOST_WAKES):
            wake = wake_at(self.state)
            if wake is None or wake > end:
                break
            self.now = max(self.now, min(wake + self.late_s, end))
            self.happens(Tick())
        else:
            raise AssertionError(f"the session asks to be woken at {wake} again and again")
        self.now = end
        self.happens(Tick())
        return [action for _, action in self.done[first:]]

    def says(self, *events: Event, end: str | None = None) -> list[Action]:
        """The engine says events of the request asked for last, and that it has ended (`end`: why)."""
        questions = [
            each for each in self.told(object) if isinstance(each, Ask | Vary | Infill | NextBar | Revise)
        ]
        request = questions[-1].request
        first = len(self.done)
        self.happens(*(Said(request, event) for event in events))
        if end is not None:
            self.happens(Ended(request, 0, end))
        return [action for _, action in self.done[first:]]

    def sent(self, kind: type[Kind]) -> list[Kind]:
        """The OSC messages of this kind, so far."""
        messages = [action.message for _, action in self.done if isinstance(action, Send)]
        return [message for message in messages if isinstance(message, kind)]

    def tags(self, kind: type[Outgoing]) -> list[float | None]:
        """The time tags of the OSC messages of this kind, in monotonic seconds."""
        return [a.at for _, a in self.done if isinstance(a, Send) and isinstance(a.message, kind)]

    def told(self, kind: type[Kind]) -> list[Kind]:
        """What the engine was told, of this kind."""
        told: list[ToEngine] = [action.message for _, action in self.done if isinstance(action, Tell)]
        return [message for message in told if isinstance(message, kind)]

    @property
    def heard(self) -> list[Event]:
        """The events that the engine has heard."""
        return [message.event for message in self.told(Heard)]

    @property
    def midi_sent(self) -> list[tuple[float, MidiOut]]:
        """MIDI messages that left, and when."""
        return [(at, action.message) for at, action in self.done if isinstance(action, SendMidi)]

    @property
    def midi_notes(self) -> list[tuple[float, int, int]]:
        """When each MIDI note message left, its pitch and velocity."""
        return [(at, m.pitch, m.velocity) for at, m in self.midi_sent if isinstance(m, MidiNote)]


def sounding(actions: list[Action]) -> tuple[set[int], set[tuple[int, int]]]:
    """What still sounds after these actions: ids by OSC, (channel, pitch) by MIDI. Fails on any odd pair."""
    ids: set[int] = set()
    keys: set[tuple[int, int]] = set()
    for action in actions:
        if isinstance(action, Send) and isinstance(action.message, OutNote):
            assert action.message.id not in ids
            ids.add(action.message.id)
        elif isinstance(action, Send) and isinstance(action.message, OutOff):
            ids.remove(action.message.id)
        elif isinstance(action, SendMidi) and isinstance(action.message, MidiNote):
            key = (action.message.channel, action.message.pitch)
            if action.message.velocity:
                assert key not in keys
                keys.add(key)
            else:
                keys.remove(key)
    return ids, keys


def bars_of(asked: Question) -> int:
    """How many bars the engine is asked for."""
    if isinstance(asked, NextBar):
        return 1
    return asked.last - asked.first + 1 if isinstance(asked, Infill) else asked.bars


class FakeBand:
    """Says an answer as the real engine does: bar lines, and an off for each note but drums."""

    def __init__(self) -> None:
        self.asked: Question | None = None
        self.tick = 0
        self.line = 0  # of the present bar
        self.bars = 0
        self.open: set[tuple[int, int]] = set()
        self.open_at: dict[int, set[tuple[int, int]]] = {}  # at each bar line
        self.heard: list[BarStart] = []  # the bar lines that it was told

    def begins(self) -> None:
        """A new conversation."""
        self.open_at, self.heard, self.tick, self.bars = {}, [], 0, 0

    def takes(self, asked: Question) -> None:
        held: set[tuple[int, int]] = set()
        tick = max(self.bar_line, max((line.tick + line.meter.ticks for line in self.heard), default=0))
        if isinstance(asked, Revise):
            tick, held = asked.tick, self.open_at[asked.tick]
        elif isinstance(asked, NextBar):
            tick = asked.start.tick
        elif isinstance(asked, Infill):
            tick = self.heard[asked.first].tick
        self.asked, self.tick, self.bars, self.open = asked, tick, 0, set(held)
        self.most_bars = bars_of(asked)

    def goes_on(self, gap: int, pitch: int, drum: bool) -> Event | None:
        """One more event, `gap` ticks later; None when the answer is over."""
        assert self.asked is not None
        line = self.bar_line
        if self.bars == 0 or self.tick + gap >= line:
            if self.bars == self.most_bars:
                return None
            self.tick, self.line, self.bars = line, line, self.bars + 1
            self.open_at[line] = set(self.open)
            return BarStart(line, self.meter)
        self.tick += gap
        key = (128 if drum else 0, pitch)
        if key in self.open:
            self.open.remove(key)
            return NoteOff(self.tick, *key)
        if not drum:
            self.open.add(key)
        return NoteOn(self.tick, *key, 20)

    def lets_go(self) -> list[Event]:
        return [NoteOff(self.bar_line, *key) for key in sorted(self.open)]

    @property
    def meter(self) -> Meter:
        """Bars are filled in as they were heard; all others are in common time."""
        if isinstance(self.asked, Infill):
            return self.heard[self.asked.first + self.bars - 1].meter
        return Meter(4, 4)

    @property
    def bar_line(self) -> int:
        return self.tick if self.bars == 0 else self.line + self.meter.ticks
