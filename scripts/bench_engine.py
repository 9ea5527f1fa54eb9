"""What the engine takes: to the first note, early and after an hour of playing; and a dense texture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from meloformer.bridge.engine.messages import Ask, FromEngine, Heard, Load, LoadFailed, Reset, Said
from meloformer.bridge.engine.worker import Worker
from meloformer.model.events import BarStart, Event, NoteOn
from meloformer.model.limits import FREE
from meloformer.model.score import DRUM_TICKS, Note, Score
from meloformer.model.telling import by_bar
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER
from meloformer.presets import reader
from meloformer.scripts.phrase import METER, phrase
from meloformer.scripts.player import sampling_of
from meloformer.scripts.served import SilentBridgeError, spread

BPM: Final = 120.0
HOUR_BARS: Final = 1800  # an hour at 120 in four
STREAMED_BARS: Final = 16
SIXTEENTH: Final = TICKS_PER_QUARTER // 4
PIANO, BASS, STRINGS = 0, 33, 48

Record = dict[str, Any]


class Engine:
    """The engine's worker in this process; a message is done, what was heard is read, when `tell` ends."""

    def __init__(self, preset: str, presets: Path) -> None:
        """Raises SilentBridgeError where the weights cannot be used."""
        found = reader.read(reader.find(preset, presets))
        self.sampling = sampling_of(found.sampling)
        self.bars = 0  # of the conversation so far
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._worker = Worker(self._inbox, beside=lambda work: work())
        self._said = self._worker.said()
        for each in self.tell(Load(preset, str(found.weights), "cpu")):
            if isinstance(each, LoadFailed):
                raise SilentBridgeError(f"{each.reason}; choose another preset")

    def tell(self, *messages: Any) -> Iterator[FromEngine]:
        """What it says, as soon as it says it."""
        for message in messages:
            self._inbox.put(message)
        while not self._inbox.empty() or self._worker.has_more:
            while (said := next(self._said)) is not None:
                yield said

    def hear(self, score: Score) -> None:
        """A score is played behind the conversation so far, each bar read as it ends; a pause follows."""
        start = self.bars * METER.ticks
        for bar, inside in enumerate(by_bar(score)):
            line = BarStart(start + bar * METER.ticks, METER)
            played: list[Event] = [line, *(event._replace(tick=event.tick + start) for event in inside)]
            list(self.tell(*map(Heard, played)))
        self._worker.read_ahead()
        self.bars += len(score.meters)

    def answer(self, bars: int, players: tuple[int, ...] | None = None) -> Iterator[tuple[float, Event]]:
        """Each event of an answer, and seconds since it was asked for."""
        began_s = time.perf_counter()
        for said in self.tell(Ask(str(self.bars), bars, self.sampling, players, FREE)):
            if isinstance(said, Said):
                yield time.perf_counter() - began_s, said.event
        self.bars += bars


def measure(preset: str, presets: Path, repeats: int) -> Iterator[Record]:
    """The first note in the first phrases of a conversation and after an hour of it; then a dense texture."""
    engine = Engine(preset, presets)
    list(engine.tell(Reset(0)))
    yield first_note(engine, repeats)
    while engine.bars < HOUR_BARS:
        engine.hear(phrase())
    yield first_note(engine, repeats)
    yield streamed(engine)


def first_note(engine: Engine, repeats: int) -> Record:
    """From the question to the first note, where all that was played has been read while it was played."""
    before, times_ms = engine.bars, list[float]()
    for _ in range(repeats):
        engine.hear(phrase())
        heard_s = [at for at, event in engine.answer(1) if isinstance(event, NoteOn)]
        times_ms += [heard_s[0] * 1000] if heard_s else []
    return {"measure": "first note by the engine", "bars_before": before, **spread(times_ms)}


def streamed(engine: Engine) -> Record:
    """How much faster than the music, at 120, an answer to four dense parts is decided."""
    list(engine.tell(Reset(0)))
    engine.bars = 0
    engine.hear(dense())
    events = list(engine.answer(STREAMED_BARS, (PIANO, BASS, STRINGS, DRUMS)))
    took_s, notes = events[-1][0], sum(isinstance(event, NoteOn) for _, event in events)
    lasts_s = STREAMED_BARS * METER.ticks / TICKS_PER_QUARTER * 60 / BPM
    return {
        "measure": "streaming of a dense texture",
        "notes_per_bar": round(notes / STREAMED_BARS, 1),
        "events_per_second": round(len(events) / took_s, 1),
        "times_real_time": round(lasts_s / took_s, 2),
    }


def dense(bars: int = 4) -> Score:
    """Sixteenths on the hi-hat and the piano's chords in eighths, a bass in eighths, strings that hold."""
    notes = []
    for at in range(0, bars * METER.ticks, SIXTEENTH):
        notes.append(Note(at, DRUMS, 42, at + DRUM_TICKS, 18))
        if at % (4 * SIXTEENTH) == 0:
            notes.append(Note(at, DRUMS, 36 if at % (8 * SIXTEENTH) == 0 else 38, at + DRUM_TICKS, 24))
        if at % (2 * SIXTEENTH) == 0:
            notes += [Note(at, PIANO, pitch, at + 2 * SIXTEENTH, 20) for pitch in (60, 64, 67)]
            notes.append(Note(at, BASS, 36 + (at // (2 * SIXTEENTH)) % 4, at + 2 * SIXTEENTH, 22))
        if at % METER.ticks == 0:
            notes += [Note(at, STRINGS, pitch, at + METER.ticks, 16) for pitch in (55, 62, 71)]
    return Score((METER,) * bars, phrase().tempos, tuple(sorted(notes)))
