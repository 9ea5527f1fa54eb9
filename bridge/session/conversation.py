"""What the engine knows of the music: one conversation, which another engine can be told again."""

from __future__ import annotations

from collections.abc import Iterable

from meloformer.bridge.engine.messages import Heard, Reset
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.session.state import Engine
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.transcript import Transcript
from meloformer.model.events import BarStart, Event


def new_conversation(turn: Turn, address: str) -> None:
    """Forget what was heard and answered so far."""
    if turn.state.engine is Engine.EMPTY:
        raise Refused(Code.ENGINE, address, "no model is loaded; load another preset, then play again")
    turn.tell(Reset(int(turn.state.controls["seed"])))
    turn.change(can_continue=True, transcript=Transcript(), heard_on={}, phrase_bars=0, variations=None)


def tell_again(turn: Turn) -> None:
    """An engine that knows nothing is told the conversation so far."""
    transcript = turn.state.transcript
    if not turn.state.can_continue:
        return
    turn.tell(Reset(int(turn.state.controls["seed"])))
    for event in transcript.events():
        turn.tell(Heard(event))
    phrase_bars = max(0, turn.state.phrase_bars - transcript.dropped)
    turn.change(transcript=transcript.told_anew(), phrase_bars=phrase_bars)


def hear(turn: Turn, events: Iterable[Event]) -> None:
    """Let the engine hear what is played; one that is being started is told all of it then."""
    for event in events:
        turn.tell(Heard(event))
        turn.change(transcript=turn.state.transcript.plus(event))
        if isinstance(event, BarStart):
            turn.change(phrase_bars=turn.state.phrase_bars + 1)


def forget_conversation(turn: Turn) -> None:
    """Nothing has been heard or answered yet."""
    turn.change(can_continue=False, transcript=Transcript(), heard_on={}, phrase_bars=0, variations=None)
