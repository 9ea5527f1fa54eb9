"""Tokens to music: a whole stream to a score. The streaming side is `Grammar.push`, one token at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.grammar import Grammar
from meloformer.model.reading import Part
from meloformer.model.score import DEFAULT_BPM, DRUM_TICKS, Meter, Note, Score, TempoChange, tempo_step


@dataclass(slots=True)
class Collector:
    """Gathers events into a score, whose bars are in the order in which they were told."""

    meters: list[Meter] = field(default_factory=list)
    tempos: dict[int, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    _open: dict[tuple[int, int], NoteOn] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        if isinstance(event, BarStart):
            self.meters.append(event.meter)
        elif isinstance(event, TempoSet):
            self.tempos[event.tick] = event.step
        elif isinstance(event, NoteOff):
            self._close(self._open.pop((event.instrument, event.pitch)), event.tick)
        elif event.instrument == v.DRUMS:
            self._close(event, event.tick + DRUM_TICKS)
        else:
            self._open[event.instrument, event.pitch] = event

    def _close(self, on: NoteOn, end: int) -> None:
        self.notes.append(Note(on.tick, on.instrument, on.pitch, end, on.velocity))

    def score(self) -> Score:
        changes = [TempoChange(0, self.tempos.get(0, tempo_step(DEFAULT_BPM)))]
        for tick in sorted(self.tempos):
            if self.tempos[tick] != changes[-1].step:
                changes.append(TempoChange(tick, self.tempos[tick]))
        return Score(tuple(self.meters), tuple(changes), tuple(sorted(self.notes)))


def collect(events: Iterable[Event]) -> Score:
    """A score from events in time order."""
    collector = Collector()
    for event in events:
        collector.take(event)
    return collector.score()


def decode(tokens: Iterable[int]) -> Score:
    """A whole stream, with or without EOS, as a score in musical order. Raises GrammarError."""
    grammar = Grammar()
    parts = {part: Collector() for part in Part}
    for token in tokens:
        before = grammar.part
        for event in grammar.push(token):
            parts[before].take(event)
        if grammar.part is not before and grammar.tempo is not None:
            parts[grammar.part].tempos[grammar.bar_tick] = grammar.tempo  # it stays in force until told anew
    for event in grammar.finish():
        parts[grammar.part].take(event)
    return _join(parts[Part.PAST], parts[Part.PRESENT], parts[Part.FUTURE])


def _join(past: Collector, present: Collector, future: Collector) -> Score:
    """Past and present share their ticks; the future is shifted behind them."""
    meters = [*past.meters, *present.meters]
    shift = sum(meter.ticks for meter in meters)
    notes = [*past.notes, *present.notes]
    notes += [note._replace(onset=note.onset + shift, end=note.end + shift) for note in future.notes]
    tempos = {**past.tempos, **present.tempos}
    tempos.update({tick + shift: step for tick, step in future.tempos.items()})
    return Collector([*meters, *future.meters], tempos, notes).score()
