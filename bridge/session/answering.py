"""Answers: asked for, placed in the transport's time, brought to their end or stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from meloformer.bridge.border import address_of
from meloformer.bridge.engine.messages import Ask, Ended, Infill, Said, Stop
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import CONTROL
from meloformer.bridge.outgoing import Error, OutBegin, OutEnd
from meloformer.bridge.session.limiting import gave_way, rules_of
from meloformer.bridge.session.phases import Cause
from meloformer.bridge.session.placing import close, end_beat, pin, place
from meloformer.bridge.session.sounding import end_on, silence
from meloformer.bridge.session.state import Answer, Ending, Engine, Span, Terms
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT
from meloformer.model.events import NoteOn
from meloformer.presets.parts import Part
from meloformer.presets.words import instruments

# A phrase of so many bars often lands on the next downbeat: a note this soon after it is no interruption.
LANDING_BEATS: Final = 0.5
ENDLESS_BARS: Final = 8  # music without end comes in answers of so many bars


def ask(turn: Turn, bars: int, lands: bool = False, span: Span | None = None) -> None:
    """Ask the engine for an answer to what it has heard. `lands`: the phrase ended by its number of bars.

    `span`: not for new bars behind the phrase, but for these in it.
    """
    let_go(turn)
    answer = new_answer(turn, bars, turn.beat + LANDING_BEATS if lands else turn.beat)
    turn.change(answer=replace(answer, span=span), variations=None)
    ask_pending(turn)
    turn.send(OutBegin(answer.request, bars))
    turn.enter(Cause.ASKED)


def ask_pending(turn: Turn) -> None:
    """Tell the engine of the answer that it has not been asked for, once it has a model."""
    answer = turn.state.answer
    ready = turn.state.engine is Engine.READY and turn.state.along is None
    if answer is not None and not answer.asked and ready:
        turn.change(answer=_asked(turn, answer))


def ask_for_more(turn: Turn, bars: int, address: str) -> None:
    """Continue the answer that is under way when it is over; raises Refused when that is asked already."""
    if turn.state.next_answer is not None:
        raise Refused(Code.NOT_NOW, address, "a continuation waits already; ask again when it plays")
    turn.change(next_answer=new_answer(turn, bars, turn.beat))
    _ask_next(turn)


def play_on(turn: Turn, endless: bool) -> None:
    """From now on every answer is continued, until it is stopped; or no longer."""
    turn.change(endless=endless)
    _ask_next(turn)


def said(turn: Turn, message: Said) -> None:
    """Place what the engine said, as soon as its place is known."""
    following, answer = turn.state.next_answer, turn.state.answer
    wanted = [each.asked_as for each in (answer, following) if each is not None]
    if answer is None or message.request not in wanted:
        return  # of an answer, or of bars, that are not wanted any more
    turn.change(transcript=turn.state.transcript.plus(message.event))
    if following is not None and message.request == following.asked_as:
        turn.change(next_answer=replace(following, unplaced=(*following.unplaced, message.event)))
        return
    if answer.first_beat is not None:
        place(turn, message.event)
        return
    turn.change(answer=replace(answer, unplaced=(*answer.unplaced, message.event)))
    if isinstance(message.event, NoteOn):
        pin(turn, message.event.tick)


def ended(turn: Turn, message: Ended) -> None:
    """The engine has said all of an answer, or could not."""
    following, answer = turn.state.next_answer, turn.state.answer
    if following is not None and message.request == following.asked_as:
        failed = message.reason != "done"
        turn.change(next_answer=None if failed else replace(following, complete=True))
        if failed:
            _say_failed(turn)
    elif answer is not None and message.request == answer.asked_as:
        _ended(turn, answer, message.reason)


def finish(turn: Turn) -> None:
    """When the answer's last bar is over, end it; a continuation goes on without a gap."""
    ending = turn.state.ending
    if ending is not None and turn.beat + SAME_BEAT >= ending.beat and not turn.state.departures:
        let_go(turn)
    answer = turn.state.answer
    if answer is None or not answer.complete or turn.state.cues:
        return
    end = end_beat(answer)
    if turn.state.next_answer is not None and turn.horizon >= end:
        _go_on(turn, answer, end)
    elif turn.beat + SAME_BEAT >= end and not turn.state.departures:
        turn.change(answer=None)
        turn.send(OutEnd(answer.request, answer.notes, "done"))
        turn.enter(Cause.OVER)
        turn.rest()


def cut(turn: Turn, reason: str) -> None:
    """Stop the answer if there is one: all is silenced, or ends on the next beat if the preset says so.

    The next phase is up to the caller.

    A variation in the making is given up; those that are ready can still be chosen. The band no longer plays
    along.
    """
    _give_up_making(turn)
    turn.change(along=None, endless=False)
    let_go(turn)
    answer, following = turn.state.answer, turn.state.next_answer
    if answer is None:
        return
    for each in (answer, following):
        if each is not None and each.asked and not each.complete:
            turn.tell(Stop(each.asked_as))
    on_a_beat = reason == "interrupted" and _ends_on_a_beat(turn)
    beat = turn.state.clock.next_point("beat", turn.beat) if on_a_beat else turn.beat
    turn.change(answer=None, next_answer=None, ending=Ending(answer.request, answer.notes, beat))
    if on_a_beat:
        end_on(turn, beat)
    else:
        let_go(turn, reason)


def let_go(turn: Turn, reason: str = "interrupted") -> None:
    """End at once what was interrupted and was to sound until the next beat."""
    ending = turn.state.ending
    if ending is not None:
        silence(turn)
        turn.change(ending=None)
        turn.send(OutEnd(ending.request, ending.notes, reason))


def stop(turn: Turn, reason: str = "stopped") -> None:
    """Stop the answer if there is one, at once, and be idle."""
    turn.change(along=None)
    let_go(turn)
    if turn.state.answer is not None or turn.state.is_making:
        cut(turn, reason)
        let_go(turn, reason)
        turn.enter(Cause.OVER)
        turn.rest()


def fail(turn: Turn) -> None:
    """The answer cannot be had: stop it, and say so."""
    if turn.state.answer is not None or turn.state.is_making:
        stop(turn, "failed")
        _say_failed(turn)


def new_answer(turn: Turn, bars: int, deaf_until: float) -> Answer:
    """An answer with a name of its own. Until the beat `deaf_until`, a note does not interrupt it."""
    state = turn.state
    turn.change(requests=state.requests + 1)
    name = str(state.requests + 1)
    return Answer(
        request=name,
        asked_as=name,
        bars=bars,
        parts=state.preset.parts,
        heard_on=state.heard_on,
        asked_s=turn.now,
        not_before=turn.beat,
        deaf_until=deaf_until,
    )


def terms_of(turn: Turn, parts: tuple[Part, ...], heard_on: Mapping[int, int]) -> Terms:
    """By what an answer of these parts would be asked for now."""
    players = instruments(turn.state.controls["programs"])
    rules = rules_of(turn.state, parts, heard_on, heard_on if players is None else players)
    return Terms(turn.sampling, players, rules, turn.state.clock.meter, turn.state.models)


def agreed(turn: Turn, parts: tuple[Part, ...], heard_on: Mapping[int, int]) -> Terms:
    """The same; says which controls cannot be kept."""
    terms = terms_of(turn, parts, heard_on)
    for control, instrument in gave_way(terms.rules):
        reason = (
            f"{control} leaves instrument {instrument} no note and gives way; widen it, or the range or scale"
        )
        turn.send(Error(Code.GAVE_WAY, f"{CONTROL}/{control}", reason))
    return terms


def _asked(turn: Turn, answer: Answer) -> Answer:
    """The answer, of which the engine knows now, in the parts of the preset that is in use now."""
    answer = replace(answer, parts=turn.state.preset.parts)
    terms = agreed(turn, answer.parts, answer.heard_on)
    limits = terms.sampling, terms.players, terms.rules
    if answer.span is not None:
        turn.tell(Infill(answer.asked_as, *answer.span, *limits))
        turn.change(transcript=turn.state.transcript.rewritten(*answer.span))
        return replace(answer, asked=True)
    turn.tell(Ask(answer.asked_as, answer.bars, *limits))
    turn.change(transcript=turn.state.transcript.asked())
    return replace(answer, asked=True, terms=terms)


def _ends_on_a_beat(turn: Turn) -> bool:
    state = turn.state
    return state.preset.answer.interrupt == "beat" and state.clock.running and bool(state.osc)


def _give_up_making(turn: Turn) -> None:
    variations = turn.state.variations
    if variations is not None and variations.request is not None:
        turn.tell(Stop(variations.request))
        turn.change(variations=replace(variations, request=None, events=()))


def _ask_next(turn: Turn) -> None:
    """Ask for what continues the answer, once that is complete."""
    answer, following = turn.state.answer, turn.state.next_answer
    if answer is None or not answer.complete or (following is not None and following.asked):
        return
    if following is None and turn.state.endless:
        following = new_answer(turn, ENDLESS_BARS, turn.beat)
    if following is not None:
        turn.change(next_answer=_asked(turn, following), variations=None)


def _ended(turn: Turn, answer: Answer, reason: str) -> None:
    turn.change(answer=replace(answer, complete=True))
    if reason != "done":
        fail(turn)
        return
    if answer.first_beat is None:
        pin(turn, answer.unplaced[0].tick if answer.unplaced else 0)
    close(turn)
    _ask_next(turn)


def _say_failed(turn: Turn) -> None:
    reason = "the model could not answer; play again, or load another preset"
    turn.send(Error(Code.ENGINE, address_of(OutEnd), reason))


def _go_on(turn: Turn, answer: Answer, end: float) -> None:
    """The continuation takes over at the beat `end`; its begin may be told ahead, like notes."""
    following = turn.state.next_answer
    assert following is not None
    at = max(turn.now, turn.state.clock.tempo.seconds_at(end))
    turn.send(OutEnd(answer.request, answer.notes, "done"), at)
    turn.send(OutBegin(following.request, following.bars), at)
    stale = terms_of(turn, following.parts, following.heard_on) != following.terms
    turn.change(answer=replace(following, first_beat=end, unplaced=(), stale=stale), next_answer=None)
    for event in following.unplaced:
        place(turn, event)
    if following.complete:
        close(turn)
        _ask_next(turn)
