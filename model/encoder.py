"""Music to tokens: one event in, the tokens that it decides out."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, Event, Inner, NoteOff, NoteOn, TempoSet
from meloformer.model.grammar import Grammar
from meloformer.model.reading import Last
from meloformer.model.score import Meter


class EncodeError(ValueError):
    """An event that HID cannot say where it stands."""


def bar_line(meter: Meter | None, chord: int | None) -> list[int]:
    """The tokens that begin a bar; `meter`: a new one."""
    tokens = [v.BAR]
    if meter is not None:
        tokens += [v.NUM.id(meter.numerator - 1), v.DEN.id(v.DENOMINATORS.index(meter.denominator))]
    return tokens if chord is None else [*tokens, v.CHORD.id(chord)]


@dataclass(slots=True)
class Voice:
    """What the encoder remembers of one instrument."""

    velocity: int = -1
    sounding: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Gathered:
    """What one instrument does in the moment that is still open."""

    offs: set[int] = field(default_factory=set)
    ons: dict[int, int] = field(default_factory=dict)  # pitch to velocity bin


class Encoder:
    """Encodes one conversation, event by event, in time order.

    A moment's tokens come when it closes, that is when something later is pushed or `flush` is called. What
    comes for a moment that is closed already goes into the next one.
    """

    def __init__(self) -> None:
        self.voices: dict[int, Voice] = {}
        self._meter: Meter | None = None
        self._tempo = -1
        self._began = False
        self._bar = 0  # the tick where the present bar starts
        self._line = 0  # the tick where the next bar has to start
        self._latest = 0  # the tick of the last event
        self._tick = 0  # of the open moment, or the first that the next moment may have
        self._instrument = -1
        self._new_tempo = -1
        self._moment: dict[int, Gathered] = {}
        # These wait for their tick: a release in the tick of its onset, or at the line.
        self._held: list[Inner] = []

    @classmethod
    def after(cls, grammar: Grammar) -> Encoder:
        """An encoder that goes on where a grammar stands, so that what is heard may follow what was made."""
        encoder = cls()
        encoder.follow(grammar)
        return encoder

    def follow(self, grammar: Grammar) -> None:
        """Go on where a grammar stands, which has read more than was said here; what waits still waits."""
        self._began, self._meter = grammar.last is not Last.NOTHING, grammar.meter
        self._tempo = -1 if grammar.tempo is None else grammar.tempo
        self._bar, self._line = grammar.bar_tick, grammar.end_tick
        self._latest, self._instrument = grammar.tick, grammar.instrument
        self._tick = grammar.tick + (1 if grammar.position >= 0 else 0)
        self.voices = {
            instrument: Voice(-1 if voice.velocity is None else voice.velocity, set(voice.sounding))
            for instrument, voice in grammar.voices.items()
        }

    def push(self, event: Event) -> list[int]:
        """Tokens that this event decides.

        The first is a BarStart at tick 0, and each further one stands where the bar before it ends. Raises
        EncodeError, and changes nothing, for an event that goes back in time or does not fit its bar.
        """
        self._check(event)
        self._latest = event.tick
        tokens = self._let_go(event.tick)
        return tokens + (self._begin_bar(event) if isinstance(event, BarStart) else self._place(event))

    def flush(self) -> list[int]:
        """Close the open moment and give its tokens."""
        if not self._moment and self._new_tempo < 0:
            return []
        tokens = [v.POS.id(self._tick - self._bar)]
        self._tick += 1
        if self._new_tempo >= 0:
            tokens.append(v.TEMPO.id(self._new_tempo))
            self._tempo, self._new_tempo = self._new_tempo, -1
        for instrument in sorted(self._moment):
            self._say_group(instrument, self._moment[instrument], tokens)
        self._moment = {}
        return tokens

    def mark(self, token: int) -> list[int]:
        """A token that stands between moments: GIVEN, MADE, FUTURE, PRESENT or EOS.

        After GIVEN and MADE the bar's ticks begin again, after FUTURE and PRESENT those of the piece.
        """
        tokens = self._let_go(self._line - 1) + self._close_moment()
        self._instrument = -1
        if token not in (v.GIVEN, v.MADE):
            self._bar = self._line = 0
            self._held = []
            for voice in self.voices.values():
                voice.sounding.clear()
        self._tick = self._latest = self._bar
        return [*tokens, token]

    def release_at_bar_line(self) -> None:
        """What sounds now ends with its bar, unless it is released before."""
        for off in self._releases(self._line):
            self._hold(off)

    def close_bar(self) -> list[int]:
        """Say all that waits, and release what sounds in the bar's last tick.

        Where that tick has been told already, it sounds on.
        """
        last = self._line - 1
        tokens = self._let_go(last) + self.flush()
        for off in self._releases(last):
            tokens += self._place(off)
        return tokens + self.flush()

    def _releases(self, tick: int) -> list[NoteOff]:
        """A release at `tick` for everything that sounds."""
        return [
            NoteOff(tick, instrument, pitch)
            for instrument in sorted(self.voices)
            for pitch in sorted(self.voices[instrument].sounding)
        ]

    def _check(self, event: Event) -> None:
        if event.tick < self._latest:
            raise EncodeError(
                f"{event} goes back in time from tick {self._latest}; push events in time order"
            )
        if isinstance(event, BarStart):
            self._check_bar(event)
        elif event.tick > self._line or (event.tick == self._line and not isinstance(event, NoteOff)):
            raise EncodeError(f"{event} is outside its bar; push a BarStart first")

    def _check_bar(self, event: BarStart) -> None:
        numerator, denominator = event.meter
        if not event.meter.is_encodable:
            raise EncodeError(f"a bar of {numerator}/{denominator} has no tokens; split it")
        if event.tick != self._line:
            raise EncodeError(f"a bar line at tick {event.tick}: the next one stands at tick {self._line}")

    def _let_go(self, tick: int) -> list[int]:
        """Say what is held up to `tick`; what waits for the bar line is said in the bar that follows."""
        tokens: list[int] = []
        while self._held and self._held[0].tick <= min(tick, self._line - 1):
            tokens += self._place(self._held.pop(0))
        return tokens

    def _hold(self, event: Inner) -> None:
        insort(self._held, event, key=lambda held: held.tick)

    def _place(self, event: Inner) -> list[int]:
        """Put an event into the moment of its tick, or into the next where that one is closed."""
        tick = max(event.tick, self._tick)
        if tick >= self._line:
            self._hold(event._replace(tick=self._line))
            return []
        tokens = self.flush() if tick > self._tick else []
        self._tick = tick
        self._gather(event)
        return tokens

    def _begin_bar(self, event: BarStart) -> list[int]:
        tokens = [
            *self._close_moment(),
            *bar_line(None if event.meter == self._meter else event.meter, event.chord),
        ]
        self._meter = event.meter
        self._bar = self._tick = event.tick
        self._line = event.tick + event.meter.ticks
        self._instrument = -1
        return tokens

    def _close_moment(self) -> list[int]:
        """`flush`, with BOS before anything else."""
        if self._began:
            return self.flush()
        self._began = True
        return [v.BOS]

    def _gather(self, event: Inner) -> None:
        if isinstance(event, TempoSet):
            self._new_tempo = event.step if event.step != self._tempo else -1
        elif isinstance(event, NoteOn):
            self._moment.setdefault(event.instrument, Gathered()).ons[event.pitch] = event.velocity
        elif event.pitch in self._moment.get(event.instrument, Gathered()).ons:
            self._hold(event._replace(tick=self._tick + 1))
        elif event.pitch in self.voices.get(event.instrument, Voice()).sounding:
            self._moment.setdefault(event.instrument, Gathered()).offs.add(event.pitch)

    def _say_group(self, instrument: int, gathered: Gathered, tokens: list[int]) -> None:
        voice = self.voices.setdefault(instrument, Voice())
        if instrument != self._instrument:
            tokens.append(v.INST.id(instrument))
            self._instrument = instrument
        released = gathered.offs - gathered.ons.keys()
        if released and released == voice.sounding:
            tokens.append(v.OFFALL)
        else:
            tokens += [v.OFF.id(pitch) for pitch in sorted(released)]
        voice.sounding -= released
        row = v.D if instrument == v.DRUMS else v.ON
        for pitch in sorted(gathered.ons):
            velocity = gathered.ons[pitch]
            if velocity != voice.velocity:
                tokens.append(v.VEL.id(velocity))
                voice.velocity = velocity
            tokens.append(row.id(pitch))
        if instrument != v.DRUMS:
            voice.sounding |= gathered.ons.keys()
