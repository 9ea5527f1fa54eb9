"""The transport jumps while it runs: over whole bars, as in a DAW's loop, the music goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meloformer.bridge.capture import Capture
from meloformer.bridge.session.answering import stop
from meloformer.bridge.session.listening import forget_live
from meloformer.bridge.session.state import Answer
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import Bars
from meloformer.bridge.ticks import TICKS_PER_BEAT

SAME_PLACE_BEATS: Final = 0.5 / TICKS_PER_BEAT  # a tick is all that a clock can tell


def jump(turn: Turn, beat: float) -> None:
    """The transport is about to be at `beat`. What is heard and answered goes along, or is over."""
    clock, here = turn.state.clock, turn.beat_meant
    bars = Bars.of(clock.meter)
    same_meter = clock.bars.meter_at(here) == clock.meter
    off = (beat - bars.line_before(beat)) - (here - clock.bars.line_before(here))
    if same_meter and abs(off) <= SAME_PLACE_BEATS:
        _carry(turn, beat - here - off, bars)
    else:
        cut_time(turn)


def cut_time(turn: Turn) -> None:
    """Time jumps: what is heard or answered by the old time is over."""
    stop(turn)
    forget_live(turn)


def _carry(turn: Turn, by: float, bars: Bars) -> None:
    """Everything that has a beat is so many beats later, and its bar lines are these."""
    state = turn.state
    turn.change(
        cues=state.cues.moved(by),
        answer=_moved(state.answer, by),
        next_answer=_moved(state.next_answer, by),
        osc=state.osc.moved(by),
        midi=state.midi.moved(by),
    )
    if state.ending is not None:
        turn.change(ending=state.ending._replace(beat=state.ending.beat + by))
    if state.listening is not None and state.listening.live is not None:
        live = _heard(state.listening.live, by, bars)
        turn.change(listening=replace(state.listening, live=live))
    if state.along is not None and state.along.heard is not None:
        turn.change(along=replace(state.along, heard=_heard(state.along.heard, by, bars)))


def _moved(answer: Answer | None, by: float) -> Answer | None:
    if answer is None:
        return None
    first = None if answer.first_beat is None else answer.first_beat + by
    not_before, deaf_until = answer.not_before + by, answer.deaf_until + by
    return replace(answer, first_beat=first, not_before=not_before, deaf_until=deaf_until)


def _heard(heard: Capture, by: float, bars: Bars) -> Capture:
    return replace(heard, origin=heard.origin + by, touched=heard.touched + by, bars=bars)
