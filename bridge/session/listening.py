"""Listening: a phrase begins, is heard note by note, and is over; the engine hears it as it comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from meloformer.bridge.beat_grid import EARLY_BEATS
from meloformer.bridge.border import address_of
from meloformer.bridge.capture import Capture
from meloformer.bridge.channels import instrument_of
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.hand import Hand
from meloformer.bridge.incoming import Continue, LiveNote, PhraseBegin, PhraseEnd, PhraseNote
from meloformer.bridge.session import free
from meloformer.bridge.session.answering import (
    ENDLESS_BARS,
    ask,
    ask_for_more,
    cut,
    play_on,
    stop,
)
from meloformer.bridge.session.conversation import hear, new_conversation
from meloformer.bridge.session.link_phase import started_by_music
from meloformer.bridge.session.phases import Cause
from meloformer.bridge.session.state import Listening
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.tempo import SAME_BEAT
from meloformer.bridge.written import events_of
from meloformer.model.events import Event
from meloformer.model.vocabulary import TICKS_PER_QUARTER

MOST_NOTES: Final = 10_000  # of a phrase given as a score
# A phrase of so many bars ends a moment before its last line, so that the answer's first note is decided when
# that line sounds. What is played in this moment, half a tick or some milliseconds, is the next downbeat.
HALF_A_TICK: Final = 0.5 / TICKS_PER_QUARTER
MOMENT_S: Final = 0.025


def begin_phrase(turn: Turn, _: PhraseBegin) -> None:
    """Forget the phrase so far and listen; a client will say when it is over."""
    cut(turn, "interrupted")
    _listen(turn, explicit=True)


def live_note(turn: Turn, message: LiveNote) -> None:
    """A note is played, or (velocity 0) ends."""
    if message.velocity == 0:
        _note_off(turn, message)
        return
    answer = turn.state.answer
    if answer is not None and turn.state.clock.running and turn.beat_meant < answer.deaf_until:
        return
    if answer is not None or turn.state.is_making:
        cut(turn, "interrupted")
    if turn.state.listening is None:
        _listen(turn, explicit=False)
    channel, pitch = message.channel, message.pitch
    listening = turn.state.listening
    assert listening is not None
    instrument = instrument_of(listening.parts, turn.state.programs, channel, pitch)
    if listening.live is None and (listening.free is not None or free.is_free(turn)):
        if listening.free is None:
            _begin_to_hear(turn, listening)
        free.note_on(turn, message, instrument)
    else:
        _hear_on(turn, message, instrument)
    turn.change(heard_on={instrument: channel, **turn.state.heard_on})
    turn.count("heard")


def _hear_on(turn: Turn, message: LiveNote, instrument: int) -> None:
    heard = _ear(turn)
    if _is_next_downbeat(turn, heard):
        return
    told = heard.note_on(
        turn.beat_meant, message.channel, message.pitch, message.velocity, instrument, turn.state.clock.bpm
    )
    _tell(turn, *told)


def pedal(turn: Turn, channel: int, down: bool) -> None:
    """The sustain pedal of a channel moves."""
    pedals = turn.state.pedals
    turn.change(pedals=pedals | {channel} if down else pedals - {channel})
    heard, freely = _heard(turn), free.phrase(turn)
    if heard is not None:
        _tell(turn, *heard.pedal(turn.beat_meant, channel, down))
    elif freely is not None:
        free.pedal(turn, freely, channel, down)


def score_note(turn: Turn, message: PhraseNote) -> None:
    """One note of a phrase that is given as a score."""
    listening, address = turn.state.listening, address_of(PhraseNote)
    begin = address_of(PhraseBegin)
    if listening is None or not listening.explicit:
        raise Refused(Code.NOT_NOW, address, f"no phrase has begun; send {begin} first")
    if listening.is_played:
        raise Refused(Code.NOT_NOW, address, f"this phrase is being played live; {begin} begins another")
    if len(listening.score) >= MOST_NOTES:
        raise Refused(Code.TOO_MUCH, address, f"a phrase has at most {MOST_NOTES} notes; send its end")
    turn.change(listening=replace(listening, score=(*listening.score, message)))


def end_phrase(turn: Turn, _: PhraseEnd) -> None:
    """A client says that the phrase is complete."""
    close(turn, address_of(PhraseEnd))
    ask(turn, _bars(turn))


def more(turn: Turn, message: Continue) -> None:
    """Continue what has been heard: the phrase so far, the conversation, or the answer under way.

    For 0 bars: without end. A number of bars lets that end after the bars that are planned.
    """
    address = address_of(Continue)
    if turn.state.along is not None:
        stop(turn, "interrupted")
    is_endless = message.bars == 0
    if turn.state.answer is not None and (is_endless or turn.state.endless):
        play_on(turn, is_endless)
    elif turn.state.answer is not None:
        ask_for_more(turn, message.bars, address)
    else:
        stop(turn, "interrupted")  # variations in the making
        close_what_there_is(turn, address)
        turn.change(endless=is_endless)
        ask(turn, message.bars or ENDLESS_BARS)


def attend(turn: Turn) -> None:
    """Time has passed: tell the engine what waited for it, and end the phrase when its end has come."""
    heard, end = _heard(turn), ends_at(turn)
    if heard is not None:
        _tell(turn, *heard.passed(turn.beat))
    if free.is_over(turn) or (end is not None and turn.beat + SAME_BEAT >= end):
        listening = turn.state.listening
        assert listening is not None
        by_bars = listening.listen.end == "bars"
        close(turn, address_of(LiveNote), by_bars)
        ask(turn, _bars(turn), lands=by_bars)


def ends_at(turn: Turn) -> float | None:
    """The beat at which a live phrase ends if nothing more is played; None where only a client can end it."""
    listening, heard = turn.state.listening, _heard(turn)
    if listening is None or heard is None or listening.explicit:
        return None
    if listening.listen.end == "bars":
        moment = max(HALF_A_TICK, MOMENT_S * turn.state.clock.bpm / 60) + turn.delay_beats
        return heard.bars.after(listening.listen.bars, heard.origin) - moment
    if listening.listen.end == "silence" and heard.is_silent:
        return heard.touched + listening.listen.silence_beats
    return None


def _is_next_downbeat(turn: Turn, heard: Capture) -> bool:
    """Whether a note that is struck now is meant on the line at which the phrase ends."""
    listening = turn.state.listening
    if listening is None or listening.explicit or listening.listen.end != "bars":
        return False
    end = heard.bars.after(listening.listen.bars, heard.origin)
    if turn.beat_meant < end - EARLY_BEATS:
        return False
    return heard.meant_at(turn.beat_meant)[0] >= round((end - heard.origin) * TICKS_PER_QUARTER)


def release_at(turn: Turn) -> float | None:
    """The beat at which a release that waits can be told; None where none waits, or for a bar to begin."""
    heard = _heard(turn)
    if heard is None or not heard.waiting or heard.waiting[0].tick >= heard.bar_end:
        return None
    return heard.origin + heard.waiting[0].tick / TICKS_PER_QUARTER


def forget(turn: Turn) -> None:
    """Give up the phrase so far, if there is one."""
    if turn.state.listening is not None:
        turn.change(listening=None)
        turn.enter(Cause.FORGOTTEN)
        turn.rest()


def forget_live(turn: Turn) -> None:
    """Give up a phrase being played: the transport's time, by which it was heard, is no more."""
    if turn.state.listening is not None and turn.state.listening.is_played:
        forget(turn)


def _listen(turn: Turn, explicit: bool) -> None:
    preset = turn.state.preset
    turn.change(listening=Listening(preset.listen, preset.parts, explicit))
    turn.enter(Cause.HEARD)


def _ear(turn: Turn) -> Capture:
    """The live phrase so far; where there is none it begins now, on a bar line of the transport."""
    heard, listening = _heard(turn), turn.state.listening
    if heard is not None:
        return heard
    assert listening is not None
    _begin_to_hear(turn, listening)
    heard, events = opened(turn)
    _tell(turn, heard, events)
    return heard


def _begin_to_hear(turn: Turn, listening: Listening) -> None:
    if listening.score:
        reason = f"this phrase is being given as a score; {address_of(PhraseBegin)} begins another"
        raise Refused(Code.NOT_NOW, address_of(LiveNote), reason)
    new_conversation(turn, address_of(LiveNote))


def opened(turn: Turn) -> tuple[Capture, tuple[Event, ...]]:
    """What is played from now on; a clock that stands still starts with it."""
    if not turn.state.clock.running:
        turn.change(clock=started_by_music(turn))
    clock = turn.state.clock
    heard, events = Capture.opened(turn.beat_meant, clock.bars, clock.bpm, Hand())
    return replace(heard, pedals=turn.state.pedals), events


def _note_off(turn: Turn, message: LiveNote) -> None:
    heard, freely = _heard(turn), free.phrase(turn)
    if heard is not None:
        _tell(turn, *heard.note_off(turn.beat_meant, message.channel, message.pitch))
    elif freely is not None:
        free.note_off(turn, freely, message)


def close_what_there_is(turn: Turn, address: str) -> None:
    """Close the phrase that is being heard; where there is none, the conversation is what has been heard."""
    listening = turn.state.listening
    if listening is not None and not listening.is_empty:
        close(turn, address)
    elif turn.state.can_continue:
        turn.change(listening=None)
    else:
        reason = f"nothing has been heard; play, or send a phrase with {address_of(PhraseBegin)}"
        raise Refused(Code.NOT_NOW, address, reason)


def close(turn: Turn, address: str, by_bars: bool = False) -> None:
    """The phrase is over: tell the rest of it. Whoever calls this asks for something at once."""
    listening = turn.state.listening
    if listening is None or listening.is_empty:
        reason = f"nothing has been heard; send {address_of(PhraseBegin)} and notes first, or play"
        raise Refused(Code.NOT_NOW, address, reason)
    if listening.free is not None:
        _tell(turn, *free.settle(turn))
    live = turn.state.listening.live if turn.state.listening is not None else None
    if live is not None:
        least_bars = listening.listen.bars if by_bars else 1
        _tell(turn, *live.closed(turn.beat_meant, least_bars, turn.state.clock.bpm))
    else:
        _read_score(turn, listening, address)
    turn.change(listening=None)


def _read_score(turn: Turn, listening: Listening, address: str) -> None:
    new_conversation(turn, address)
    programs, clock = turn.state.programs, turn.state.clock
    heard_on: dict[int, int] = {}

    def instrument(channel: int, pitch: int) -> int:
        found = instrument_of(listening.parts, programs, channel, pitch)
        heard_on.setdefault(found, channel)
        return found

    hear(turn, events_of(listening.score, instrument, clock.meter, clock.bpm))
    turn.change(heard_on=heard_on)


def _heard(turn: Turn) -> Capture | None:
    return turn.state.listening.live if turn.state.listening is not None else None


def _tell(turn: Turn, heard: Capture, events: Iterable[Event]) -> None:
    """Keep what the phrase has become, and let the engine hear the rest of it."""
    assert turn.state.listening is not None
    turn.change(listening=replace(turn.state.listening, live=heard))
    hear(turn, events)


def _bars(turn: Turn) -> int:
    return int(turn.state.controls["bars"])
