"""Variations: several answers to the same music, made one after the other, of which one is chosen."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge.border import address_of
from meloformer.bridge.engine import messages as engine
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.incoming import Choose
from meloformer.bridge.incoming import Stop as StopMessage
from meloformer.bridge.incoming import Variations as Ask
from meloformer.bridge.outgoing import Error, OutBegin, Variation
from meloformer.bridge.session import state as known
from meloformer.bridge.session.answering import agreed, new_answer, stop
from meloformer.bridge.session.listening import close_what_there_is
from meloformer.bridge.session.phases import Cause
from meloformer.bridge.session.placing import close, pin
from meloformer.bridge.session.turn import Turn
from meloformer.model.events import BarStart, NoteOn


def vary(turn: Turn, message: Ask) -> None:
    """Make several answers to what has been heard: to the phrase, which ends here, or to the conversation."""
    if turn.state.along is not None:
        stop(turn, "interrupted")
    state, address = turn.state, address_of(Ask)
    if state.answer is not None or state.is_making:
        reason = f"an answer is under way; wait for its end, or send {address_of(StopMessage)}"
        raise Refused(Code.NOT_NOW, address, reason)
    if state.engine is not known.Engine.READY:
        raise Refused(Code.ENGINE, address, "no model is ready; wait until a preset is loaded")
    close_what_there_is(turn, address)
    turn.change(variations=known.Variations(message.count, message.bars, turn.state.transcript))
    turn.enter(Cause.ASKED)
    _make_next(turn)


def said(turn: Turn, message: engine.Said) -> bool:
    """Keep what the engine said of the variation in the making; False where it spoke of something else."""
    variations = turn.state.variations
    if variations is None or variations.request != message.request:
        return False
    turn.change(variations=replace(variations, events=(*variations.events, message.event)))
    return True


def ended(turn: Turn, message: engine.Ended) -> bool:
    """The variation in the making is ready, or could not be made; False where it was something else."""
    variations = turn.state.variations
    if variations is None or variations.request != message.request:
        return False
    if message.reason == "done":
        _ready(turn, variations, message.request)
    else:
        turn.change(variations=replace(variations, request=None, events=()))
        reason = "the model could not make a variation; choose from those that are ready, or ask again"
        turn.send(Error(Code.ENGINE, address_of(Ask), reason))
        _rest(turn)
    return True


def choose(turn: Turn, message: Choose) -> None:
    """Play a variation; those that are not ready yet are given up, and another one that plays is stopped."""
    variations = turn.state.variations
    ready = () if variations is None else variations.ready
    if variations is None or not 1 <= message.index <= len(ready):
        raise Refused(Code.NOT_NOW, address_of(Choose), _why_not(len(ready)))
    stop(turn, "interrupted")
    request, events = ready[message.index - 1]
    turn.change(listening=None)  # a phrase that has begun, and of which nothing has been heard
    turn.tell(engine.Choose(request))
    transcript = variations.before.asked()
    for event in events:
        transcript = transcript.plus(event)
    turn.change(transcript=transcript)
    answer = new_answer(turn, sum(isinstance(event, BarStart) for event in events), turn.beat)
    turn.change(answer=replace(answer, asked=True, complete=True, unplaced=events))
    turn.send(OutBegin(answer.request, answer.bars))
    turn.enter(Cause.ASKED)
    pin(turn, next((event.tick for event in events if isinstance(event, NoteOn)), events[0].tick))
    close(turn)


def _why_not(ready: int) -> str:
    if ready:
        return f"{ready} variations are ready; choose one of 1 to {ready}"
    return f"no variation is ready; ask for some with {address_of(Ask)}, and wait for {address_of(Variation)}"


def _ready(turn: Turn, variations: known.Variations, request: str) -> None:
    ready = (*variations.ready, known.Variation(request, variations.events))
    turn.change(variations=replace(variations, ready=ready, request=None, events=()))
    notes = sum(isinstance(event, NoteOn) for event in variations.events)
    turn.send(Variation(len(ready), notes))
    if len(ready) < variations.count:
        _make_next(turn)
    else:
        _rest(turn)


def _make_next(turn: Turn) -> None:
    variations = turn.state.variations
    assert variations is not None
    request = str(turn.state.requests + 1)
    turn.change(requests=turn.state.requests + 1, variations=replace(variations, request=request))
    terms = agreed(turn, turn.state.preset.parts, turn.state.heard_on)
    turn.tell(engine.Vary(request, variations.bars, terms.sampling, terms.players, terms.rules))


def _rest(turn: Turn) -> None:
    """No more are made: what comes next is up to whoever chooses."""
    turn.enter(Cause.OVER)
    turn.rest()
