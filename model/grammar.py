"""The grammar of HID as one state machine: what each token means.

    piece   = BOS (bar {bar} | {bar} FUTURE bar {bar} PRESENT bar {bar}) [EOS]
    bar     = BAR [NUM DEN] [CHORD] [GIVEN {moment} MADE] {moment}
    moment  = POS [TEMPO] {group}      TEMPO not after MADE; a moment says something
    group   = [INST] {release} {onset}
    release = OFF k | OFFALL
    onset   = [VEL] (ON k | D k)

One `Grammar` reads one stream. `push` takes a token and gives the events that it decides; `allowed` masks
the tokens that may follow.
"""

from __future__ import annotations

from meloformer.model import vocabulary as v
from meloformer.model.allowed import Mask, allowed
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.reading import NOT_NAMED, Group, Last, Part, Reading, Section, Voice
from meloformer.model.score import Meter


class GrammarError(ValueError):
    """A token stands where the grammar has no place for it."""


class Grammar(Reading):
    """Reads one stream of tokens, from BOS on."""

    def __init__(self) -> None:
        super().__init__()
        self._chord: int | None = None
        self._header_open = False
        self._past_end = 0

    def allowed(self) -> Mask:
        """Which tokens may come next: [SIZE] booleans, never all false before the stream has ended."""
        return allowed(self)

    def push(self, token: int) -> list[Event]:
        """Take the next token; give the events it decides. Raises GrammarError where it may not stand."""
        if not (0 <= token < v.SIZE) or not self.allowed()[token]:
            name = v.describe(token) if 0 <= token < v.SIZE else f"token {token}"
            raise GrammarError(f"{name} cannot follow {self.last.name}; see the grammar in model/grammar.py")
        return self.take(token)

    def take(self, token: int) -> list[Event]:
        """`push` without the check, for tokens known to be allowed."""
        events: list[Event] = []
        if token not in v.NUM and token not in v.DEN and token not in v.CHORD:
            events += self.open_bar()
        self._read(token, events)
        return events

    def open_bar(self) -> list[Event]:
        """The bar line that was told, but not yet given as an event: its meter or chord might follow."""
        if not self._header_open:
            return []
        assert self.meter is not None
        self._header_open = False
        return [BarStart(self.bar_tick, self.meter, self._chord)]

    def finish(self) -> list[Event]:
        """The events that end a stream without EOS: its open bar line and the releases of what sounds."""
        events = self.open_bar()
        self._release_everything(events)
        self.last = Last.END
        return events

    def _read(self, token: int, events: list[Event]) -> None:
        if token in v.ON:
            self._note_on(token - v.ON.start, events)
        elif token in v.D:
            self._strike(token - v.D.start, events)
        elif token in v.OFF:
            self._note_off(token - v.OFF.start, events)
        elif token == v.OFFALL:
            self._all_off(events)
        elif token in v.VEL:
            self._speak().velocity = token - v.VEL.start
            self.last = Last.VEL
        elif token in v.INST:
            self._begin_group(token - v.INST.start)
        elif token in v.POS:
            self._begin_moment(token - v.POS.start)
        elif token in v.TEMPO:
            self.tempo = token - v.TEMPO.start
            events.append(TempoSet(self.tick, self.tempo))
            self.last = Last.TEMPO
        else:
            self._read_frame(token, events)

    def _read_frame(self, token: int, events: list[Event]) -> None:
        """Tokens that stand around moments: openings, bars, meters, chords, sections, the end."""
        if token == v.BAR:
            self._begin_bar()
        elif token in v.NUM:
            self.numerator = token - v.NUM.start + 1
            self.last = Last.NUM
        elif token in v.DEN:
            self.meter = Meter(self.numerator, v.DENOMINATORS[token - v.DEN.start])
            self.last = Last.METER
        elif token in v.CHORD:
            self._chord = token - v.CHORD.start
            self.last = Last.CHORD
        elif token in (v.GIVEN, v.MADE):
            self._begin_section(Section.GIVEN if token == v.GIVEN else Section.MADE)
        elif token == v.BOS:
            self.last = Last.OPENING
        elif token in (v.FUTURE, v.PRESENT):
            self._begin_part(Part.FUTURE if token == v.FUTURE else Part.PRESENT, events)
        else:
            self._release_everything(events)
            self.last = Last.END

    def _begin_part(self, part: Part, events: list[Event]) -> None:
        self._release_everything(events)
        if part is Part.FUTURE:
            self._past_end = self.end_tick
        self.bar_tick = 0 if part is Part.FUTURE else self._past_end
        self.part = part
        self.in_bar = False
        self._rewind()
        self.last = Last.OPENING

    def _begin_bar(self) -> None:
        self.bar_tick = self.end_tick
        self.in_bar = True
        self._header_open = True
        self._chord = None
        self.section = Section.WHOLE
        self.given = set()
        self._rewind()
        self.last = Last.BAR

    def _begin_section(self, section: Section) -> None:
        self.section = section
        self._rewind()
        self.last = Last.SECTION

    def _rewind(self) -> None:
        """Back to the bar's start, with no instrument named."""
        self.position = -1
        self.instrument = NOT_NAMED
        self.done = set()

    def _begin_moment(self, position: int) -> None:
        self.position = position
        self.done = set()
        self.group = Group()
        self.last = Last.POS

    def _begin_group(self, instrument: int) -> None:
        self.instrument = instrument
        self.group = Group()
        self._speak()
        self.last = Last.INST

    def _speak(self) -> Voice:
        """The present instrument says something: if not named in this moment, its group begins here."""
        self.done.add(self.instrument)
        if self.section is Section.GIVEN:
            self.given.add(self.instrument)
        return self.voice()

    def _note_on(self, pitch: int, events: list[Event]) -> None:
        voice = self._speak()
        assert voice.velocity is not None
        if pitch in voice.sounding:
            events.append(NoteOff(self.tick, self.instrument, pitch))
        voice.sounding[pitch] = self.tick
        events.append(NoteOn(self.tick, self.instrument, pitch, voice.velocity))
        self._onset(pitch)

    def _strike(self, pitch: int, events: list[Event]) -> None:
        voice = self._speak()
        assert voice.velocity is not None
        events.append(NoteOn(self.tick, self.instrument, pitch, voice.velocity))
        self._onset(pitch)

    def _onset(self, pitch: int) -> None:
        self.group.on = pitch
        self.group.has_onset = True
        self.last = Last.ONSET

    def _note_off(self, pitch: int, events: list[Event]) -> None:
        del self._speak().sounding[pitch]
        self.group.off = pitch
        self.group.released.add(pitch)
        events.append(NoteOff(self.tick, self.instrument, pitch))
        self.last = Last.RELEASE

    def _all_off(self, events: list[Event]) -> None:
        voice = self._speak()
        events.extend(NoteOff(self.tick, self.instrument, pitch) for pitch in sorted(voice.sounding))
        self.group.off = 127
        self.group.released.update(voice.sounding)
        voice.sounding.clear()
        self.last = Last.RELEASE

    def _release_everything(self, events: list[Event]) -> None:
        for instrument in sorted(self.voices):
            voice = self.voices[instrument]
            events.extend(NoteOff(self.end_tick, instrument, pitch) for pitch in sorted(voice.sounding))
            voice.sounding.clear()
