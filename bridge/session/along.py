"""Playing along: the band makes each bar just before its line, in the parts that the player does not play."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from meloformer.bridge.border import address_of
from meloformer.bridge.capture import Capture
from meloformer.bridge.channels import instrument_of
from meloformer.bridge.engine.messages import Ended, NextBar, PlayAlong
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import Accompany, LiveNote
from meloformer.bridge.outgoing import OutBegin
from meloformer.bridge.session.answering import fail, new_answer, stop
from meloformer.bridge.session.conversation import hear, new_conversation
from meloformer.bridge.session.limiting import rules_of
from meloformer.bridge.session.listening import forget, opened
from meloformer.bridge.session.phases import Cause
from meloformer.bridge.session.state import Along, Engine
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT, quarters
from meloformer.model.events import BarStart, Event
from meloformer.model.vocabulary import TICKS_PER_QUARTER
from meloformer.presets.words import instruments

LATEST_BEATS: Final = 0.5  # a bar that cannot be begun so soon after its line is left out


def accompany(turn: Turn, message: Accompany) -> None:
    """Play along from the next note on, or no more."""
    if not message.on:
        if turn.state.along is not None:
            stop(turn)
        return
    if turn.state.engine is not Engine.READY:
        reason = "no model is ready; wait until a preset is loaded"
        raise Refused(Code.ENGINE, address_of(Accompany), reason)
    if not turn.state.preset.parts:
        reason = f"the preset {turn.state.preset.name} has no parts to play; name some in its file"
        raise Refused(Code.NOT_NOW, address_of(Accompany), reason)
    stop(turn, "interrupted")
    forget(turn)
    turn.change(along=Along())


def note(turn: Turn, message: LiveNote) -> None:
    """The player strikes a note, or (velocity 0) ends it."""
    heard, beat, channel, pitch = _heard(turn), turn.beat_meant, message.channel, message.pitch
    if message.velocity == 0:
        if heard is not None:
            _tell(turn, *heard.note_off(beat, channel, pitch))
        return
    heard = heard or _begin(turn)
    state = turn.state
    instrument = instrument_of(state.preset.parts, state.programs, channel, pitch)
    bpm = state.clock.bpm
    _tell(turn, *heard.note_on(turn.beat_meant, channel, pitch, message.velocity, instrument, bpm))
    turn.change(heard_on={instrument: channel, **state.heard_on})
    turn.count("heard")


def pedal(turn: Turn, channel: int, down: bool) -> None:
    """The sustain pedal of a channel moves."""
    pedals = turn.state.pedals
    turn.change(pedals=pedals | {channel} if down else pedals - {channel})
    heard = _heard(turn)
    if heard is not None:
        _tell(turn, *heard.pedal(turn.beat_meant, channel, down))


def attend(turn: Turn) -> None:
    """Time has passed: tell the engine what waited for it, and ask for the next bar when it is time."""
    heard = _heard(turn)
    if heard is None:
        return
    _tell(turn, *heard.passed(turn.beat))
    at = asks_at(turn)
    if at is not None and turn.beat + SAME_BEAT >= at:
        _skip_missed_bars(turn)
        _ask(turn)


def meter_changed(turn: Turn) -> None:
    """Bars have another meter from the next line on, also the bar that may have been asked for already."""
    along, bars = turn.state.along, turn.state.clock.bars
    if along is None or along.heard is None:
        return
    heard = replace(along.heard, bars=bars)
    asked = along.next_tick > heard.bar_end
    following = heard.bar_end + _bar_at(heard, heard.bar_end).meter.ticks
    turn.change(along=replace(along, heard=heard, next_tick=following if asked else along.next_tick))


def asks_at(turn: Turn) -> float | None:
    """The beat at which the next bar is asked for; None while the one before it is still being made."""
    along, answer = turn.state.along, turn.state.answer
    if along is None or along.heard is None or answer is None or answer.asked:
        return None
    return _line(along.heard, along.next_tick) - _lead(turn)


def ended(turn: Turn, message: Ended) -> bool:
    """The engine has made a bar, or could not; False where it was something else."""
    along, answer = turn.state.along, turn.state.answer
    if along is None or answer is None or answer.request != message.request:
        return False
    if message.reason == "done":
        turn.change(answer=replace(answer, asked=False))
    else:
        turn.change(answer=replace(answer, complete=True))
        fail(turn)
    return True


def _begin(turn: Turn) -> Capture:
    """The player's first note: a new conversation, and an answer that has no end of its own."""
    new_conversation(turn, address_of(LiveNote))
    turn.tell(PlayAlong())
    heard, events = opened(turn)
    answer = new_answer(turn, bars=0, deaf_until=turn.beat)
    turn.change(answer=replace(answer, first_beat=heard.origin, first_tick=0))
    turn.change(along=Along(heard, next_tick=heard.bar_end))
    turn.send(OutBegin(answer.request, 0))
    turn.enter(Cause.ASKED)
    _tell(turn, heard, events)
    return heard


def _skip_missed_bars(turn: Turn) -> None:
    along = turn.state.along
    assert along is not None and along.heard is not None
    tick = along.next_tick
    while turn.beat > _line(along.heard, tick) + LATEST_BEATS:
        tick += _bar_at(along.heard, tick).meter.ticks
    turn.change(along=replace(along, next_tick=tick))


def _ask(turn: Turn) -> None:
    """Ask for the next bar, once every line before it has been told."""
    along, answer, state = turn.state.along, turn.state.answer, turn.state
    assert along is not None and along.heard is not None and answer is not None
    if turn.beat + SAME_BEAT < _line(along.heard, along.next_tick) - _lead(turn):
        return
    _tell(turn, *along.heard.begun(along.next_tick - 1))
    start = _bar_at(along.heard, along.next_tick)
    named = instruments(state.controls["programs"])
    there = {part.instrument for part in state.preset.parts} if named is None else set(named)
    band = tuple(sorted(there - state.heard_on.keys()))
    rules = rules_of(state, state.preset.parts, state.heard_on, band)
    start = start._replace(chord=rules.chord(len(answer.lines)))
    turn.tell(NextBar(answer.request, start, turn.sampling, band, rules))
    turn.change(answer=replace(answer, asked=True, parts=state.preset.parts, heard_on=state.heard_on))
    assert turn.state.along is not None
    turn.change(along=replace(turn.state.along, next_tick=start.tick + start.meter.ticks))


def _bar_at(heard: Capture, tick: int) -> BarStart:
    return BarStart(tick, heard.bars.meter_at(_line(heard, tick)))


def _line(heard: Capture, tick: int) -> float:
    """The beat of a tick."""
    return heard.origin + tick / TICKS_PER_QUARTER


def _lead(turn: Turn) -> float:
    """A bar is made so many beats before its line; what is played meanwhile is heard before the next one."""
    return min(turn.lookahead_beats, quarters(turn.state.clock.meter))


def _heard(turn: Turn) -> Capture | None:
    return None if turn.state.along is None else turn.state.along.heard


def _tell(turn: Turn, heard: Capture, events: Iterable[Event]) -> None:
    """Keep what has been played, and let the engine hear the rest of it."""
    assert turn.state.along is not None
    turn.change(along=replace(turn.state.along, heard=heard))
    hear(turn, events)
