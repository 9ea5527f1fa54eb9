"""Where an answer lies in the transport's time: the model's ticks become beats, its instruments channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meloformer.bridge.channels import way_out
from meloformer.bridge.session import link_phase
from meloformer.bridge.session.state import Answer, Cue, Line, Release, Strike, Voice
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT
from meloformer.model.chords import chord_name
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.score import DRUM_TICKS, velocity_of
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER

# An answer whose first note would be later than this is put off to the next place where it may begin.
PATIENCE_BEATS: Final = 0.25
_RANKS: Final = {Release: 0, Line: 1, Strike: 2}  # in one moment, what ends comes first, what begins last


def pin(turn: Turn, first_note: int) -> None:
    """Decide where the answer begins, now that the tick of its first note is known; place what waited."""
    answer = _answer(turn)
    start = answer.unplaced[0].tick if answer.unplaced else first_note
    into = (first_note - start) / TICKS_PER_QUARTER
    if not turn.state.clock.running and link_phase.is_known(turn):
        turn.change(clock=link_phase.started_by_music(turn))
    first = _first_beat(turn, answer, into) if turn.state.clock.running else _start_clock(turn, answer, into)
    turn.change(answer=replace(answer, first_beat=first, unplaced=()))
    for event in answer.unplaced:
        place(turn, event)


def place(turn: Turn, event: Event) -> None:
    """Give an event of a pinned answer its place."""
    answer = _answer(turn)
    if answer.first_tick is None:
        answer = replace(answer, first_tick=event.tick)
        turn.change(answer=answer)
    if isinstance(event, BarStart):
        chord = "" if event.chord is None else chord_name(event.chord)
        _cue(turn, event.tick, Line(len(answer.lines), chord))
        end = event.tick + event.meter.ticks
        turn.change(answer=replace(answer, lines=(*answer.lines, event.tick), end_tick=end))
    elif isinstance(event, NoteOn):
        _begin(turn, event)
    elif isinstance(event, NoteOff):
        _end(turn, event.tick, event.instrument, event.pitch)


def close(turn: Turn) -> None:
    """The engine has said everything: what it left sounding ends with the last bar."""
    answer = _answer(turn)
    for instrument, pitch in answer.open:
        _end(turn, answer.end_tick, instrument, pitch)


def end_beat(answer: Answer) -> float:
    """The transport's beat at the end of the last bar that the engine has begun."""
    assert answer.first_beat is not None
    return answer.first_beat if answer.first_tick is None else beat_of(answer, answer.end_tick)


def beat_of(answer: Answer, tick: int) -> float:
    """The transport's beat of a tick of an answer that has begun to be placed."""
    assert answer.first_beat is not None and answer.first_tick is not None
    return answer.first_beat + (tick - answer.first_tick) / TICKS_PER_QUARTER


def give_up(turn: Turn, tick: int) -> None:
    """What was planned from a bar line on will be said anew; the notes held over it are open again."""
    answer = _answer(turn)
    kept, dropped = turn.state.cues.split(beat_of(answer, tick) - SAME_BEAT)
    struck = {cue.item.voice for cue in dropped if isinstance(cue.item, Strike)}
    open_ = {key: voice for key, voice in answer.open.items() if voice not in struck}
    for cue in dropped:
        if isinstance(cue.item, Release) and cue.item.voice not in struck:
            if cue.item.key is None:  # a drum's: it is nothing that the model would say again
                kept = kept.plus(cue.at, cue.item, cue.rank)
            else:
                open_[cue.item.key] = cue.item.voice
    lines = tuple(line for line in answer.lines if line < tick)
    answer = replace(answer, open=open_, lines=lines, end_tick=tick, complete=False)
    turn.change(cues=kept, answer=answer)


def _first_beat(turn: Turn, answer: Answer, into: float) -> float:
    """The planned beginning; where its first note, `into` beats after it, would be too late: the next one."""
    clock, quantise = turn.state.clock, turn.state.preset.answer.quantise
    first = clock.next_point(quantise, answer.not_before)
    patience = 0.0 if quantise == "now" else PATIENCE_BEATS
    return first if turn.beat - (first + into) <= patience else clock.next_point(quantise, turn.beat - into)


def _start_clock(turn: Turn, answer: Answer, into: float) -> float:
    """Let the music start the clock: beat 0 is when it was asked for, or later, so that no note is late."""
    clock = turn.state.clock
    thought = (turn.now - answer.asked_s) * clock.bpm / 60
    turn.change(clock=clock.started(min(into, thought), turn.now, lent=True))
    return 0.0


def _begin(turn: Turn, event: NoteOn) -> None:
    _end(turn, event.tick, event.instrument, event.pitch)
    answer = _answer(turn)
    channel, pitch = way_out(answer.parts, answer.heard_on, event.instrument, event.pitch)
    voice = Voice(turn.state.voices, channel, pitch)
    turn.change(voices=voice.id + 1)
    _cue(turn, event.tick, Strike(voice, velocity_of(event.velocity)))
    if event.instrument == DRUMS:
        _cue(turn, min(event.tick + DRUM_TICKS, answer.end_tick), Release(voice))
    else:
        _keep_open(turn, {**answer.open, (event.instrument, event.pitch): voice})


def _end(turn: Turn, tick: int, instrument: int, pitch: int) -> None:
    """The end of an answered note; a note held over from the phrase is not ours to end."""
    answer = _answer(turn)
    voice = answer.open.get((instrument, pitch))
    if voice is not None:
        _keep_open(turn, {key: other for key, other in answer.open.items() if other is not voice})
        _cue(turn, tick, Release(voice, (instrument, pitch)))


def _keep_open(turn: Turn, voices: dict[tuple[int, int], Voice]) -> None:
    turn.change(answer=replace(_answer(turn), open=voices))


def _cue(turn: Turn, tick: int, cue: Cue) -> None:
    turn.change(cues=turn.state.cues.plus(beat_of(_answer(turn), tick), cue, _RANKS[type(cue)]))


def _answer(turn: Turn) -> Answer:
    assert turn.state.answer is not None
    return turn.state.answer
