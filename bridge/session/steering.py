"""Steering: a control, the meter or the model changes while an answer plays; its next bars are made anew."""

from __future__ import annotations

import math
from dataclasses import replace

from meloformer.bridge.engine.messages import Revise, Stop
from meloformer.bridge.session.answering import agreed, terms_of
from meloformer.bridge.session.placing import beat_of, give_up
from meloformer.bridge.session.sounding import settle
from meloformer.bridge.session.state import Answer
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT
from meloformer.model.vocabulary import TICKS_PER_QUARTER


def changed(turn: Turn) -> None:
    """Something has changed by which answers are made; perhaps it has only been turned back."""
    answer = turn.state.answer
    if answer is not None and answer.terms is not None:
        stale = terms_of(turn, answer.parts, answer.heard_on) != answer.terms
        turn.change(answer=replace(answer, stale=stale, anew_from=answer.anew_from if stale else None))


def promise(turn: Turn) -> None:
    """Another preset comes into use: what the present one has planned for good stays so."""
    settle(turn)
    answer = turn.state.answer
    if answer is not None and answer.first_tick is not None:
        beats = turn.beat + turn.lookahead_beats - beat_of(answer, answer.first_tick)
        tick = answer.first_tick + math.floor(beats * TICKS_PER_QUARTER)
        turn.change(answer=replace(answer, promised=max(answer.promised, tick)))


def attend(turn: Turn) -> None:
    """Time has passed: make the rest of the answer anew when the last moment for that has come."""
    answer = turn.state.answer
    if answer is not None and answer.stale and answer.anew_from is None:
        turn.change(answer=replace(answer, anew_from=_line(turn, answer)))
    at = steers_at(turn)
    if at is not None and turn.beat + SAME_BEAT >= at:
        _revise(turn)


def steers_at(turn: Turn) -> float | None:
    """The beat at which the answer is made anew from a bar line on; None where it is not.

    As late as the lookahead permits: a knob that is being turned is waited for. The line stays the same
    however late we are woken for it.
    """
    answer = turn.state.answer
    if answer is None or answer.anew_from is None:
        return None
    return beat_of(answer, answer.anew_from) - turn.lookahead_beats


def _line(turn: Turn, answer: Answer) -> int | None:
    """The tick of the first bar line from which on what is planned may still change; None: none is known."""
    if answer.first_beat is None:
        return None
    fixed = turn.beat + turn.lookahead_beats - SAME_BEAT
    lines = (line for line in answer.lines[1:] if line > answer.promised)
    return next((line for line in lines if beat_of(answer, line) >= fixed), None)


def _revise(turn: Turn) -> None:
    answer = turn.state.answer
    assert answer is not None and answer.anew_from is not None
    line = answer.anew_from
    if not answer.complete:
        turn.tell(Stop(answer.asked_as))
    _put_off_continuation(turn)
    bars = answer.bars - answer.lines.index(line)
    give_up(turn, line)
    turn.change(transcript=turn.state.transcript.until(line))
    turn.change(requests=turn.state.requests + 1)
    _ask(turn, str(turn.state.requests), line, bars)


def _ask(turn: Turn, name: str, line: int, bars: int) -> None:
    answer = turn.state.answer
    assert answer is not None
    parts = turn.state.preset.parts
    terms = agreed(turn, parts, answer.heard_on)
    turn.change(answer=replace(answer, asked_as=name, parts=parts, terms=terms, stale=False, anew_from=None))
    turn.tell(Revise(name, line, bars, terms.sampling, terms.players, terms.meter, terms.rules))


def _put_off_continuation(turn: Turn) -> None:
    """What continues the answer is asked for again when the answer is complete."""
    following = turn.state.next_answer
    if following is not None:
        if following.asked and not following.complete:
            turn.tell(Stop(following.asked_as))
        # By another name, for what the engine still says of the old one is not wanted any more.
        turn.change(requests=turn.state.requests + 1)
        again = replace(
            following, asked_as=str(turn.state.requests), asked=False, complete=False, unplaced=()
        )
        turn.change(next_answer=again)
