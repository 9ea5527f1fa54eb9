"""`step`: the whole conversation as one function of a frozen state, what happened, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from meloformer.bridge import incoming as osc
from meloformer.bridge.border import sent_to
from meloformer.bridge.engine import messages as engine
from meloformer.bridge.errors import Code, Refused
from meloformer.bridge.midi import MidiClock
from meloformer.bridge.session import (
    along,
    answering,
    buttons,
    clock_out,
    following,
    free,
    learning,
    link_clock,
    listening,
    midi_clock,
    midi_out,
    replies,
    rewriting,
    steering,
    swapping,
    transport,
    varying,
)
from meloformer.bridge.session import events as happened
from meloformer.bridge.session.actions import Action
from meloformer.bridge.session.free_phrase import Free
from meloformer.bridge.session.midi_in import gone, is_back, is_echo, meaning
from meloformer.bridge.session.placing import end_beat
from meloformer.bridge.session.sounding import leave, silence
from meloformer.bridge.session.state import State
from meloformer.bridge.session.turn import Turn
from meloformer.bridge.settings import ClockName, Device, Latency
from meloformer.bridge.tempo import Clock
from meloformer.presets.preset import Preset

NO_LATENCY: Final = Latency()
LONGEST_LAG_S: Final = 1.0  # a message means no instant longer ago than this
LONGEST_LEAD_S: Final = 60.0  # nor one further ahead
MOST_LATER: Final = 4096

Handler = Callable[[Turn, Any], None]


def begin(
    preset: Preset,
    version: str,
    device: Device,
    now: float,
    clock: ClockName = "auto",
    sends_clock: bool = False,
    latency: Latency = NO_LATENCY,
    has_link: bool = False,
) -> State:
    """A session that has heard nothing, about to use `preset`; it loads once the engine has started.

    `device` (auto, cpu or cuda) is passed on to the engine; `clock` is the one to follow, and
    `has_link` says whether that can be a Link session.
    """
    return State(
        version=version,
        started=now,
        device=device,
        preset=preset,
        controls=swapping.starting_values(preset),
        channel_controls=preset.channel_controls,
        clock=Clock.standing(now),
        free=Free(preset.listen.tempo == "free"),
        following=clock,
        has_link=has_link,
        sends_clock=sends_clock,
        latency=latency,
        now=now,
    )


def step(state: State, event: happened.SessionEvent, now: float) -> tuple[State, tuple[Action, ...]]:
    """What the session does about `event` at the instant `now`; a refused message changes nothing."""
    now = max(now, state.now)
    turn = Turn(state.with_(now=now), now, now)
    _pass_time(turn)
    _take(turn, event)
    _pass_time(turn)
    return turn.state, tuple(turn.actions)


def wake_at(state: State) -> float | None:
    """The next instant at which the session has something to do: step it with a Tick then. None: never."""
    turn = Turn(state, state.now, state.now)
    beats = (
        _leaving_beat(turn),
        listening.ends_at(turn),
        listening.release_at(turn),
        _ending_beat(turn),
        clock_out.next_beat(turn),
        along.asks_at(turn),
        steering.steers_at(turn),
    )
    moments = [state.later.next_at, state.departures.next_at, free.ends_at(turn), free.looks_at(turn)]
    moments += [None if state.pulse is None or state.pulse.silent else state.pulse.ends_at]
    moments += [state.clock.seconds_at(beat) for beat in beats if beat is not None]
    return min((moment for moment in moments if moment is not None), default=None)


def _leaving_beat(turn: Turn) -> float | None:
    first = turn.state.cues.next_at
    return None if first is None else first - turn.state.preset.answer.commit_beats


def _ending_beat(turn: Turn) -> float | None:
    answer, state = turn.state.answer, turn.state
    if state.ending is not None:
        return None if state.departures else state.ending.beat
    if answer is None or not answer.complete or state.cues or answer.first_beat is None:
        return None
    if state.next_answer is not None:
        return end_beat(answer) - state.preset.answer.commit_beats
    return None if state.departures else end_beat(answer)


def _pass_time(turn: Turn) -> None:
    """Do what was to happen until now."""
    later, rest = turn.state.later.due(turn.now)
    turn.change(later=rest)
    for cue in later:
        _take(turn, cue.item)
    midi_clock.attend(turn)
    link_clock.attend(turn)
    listening.attend(turn)
    along.attend(turn)
    steering.attend(turn)
    leave(turn)
    answering.finish(turn)
    clock_out.attend(turn)


def _take(turn: Turn, event: happened.SessionEvent) -> None:
    """Do what an event asks for, wholly or not at all."""
    state, count = turn.state, len(turn.actions)
    try:
        _HANDLERS[type(event)](turn, event)
    except Refused as refused:
        turn.state = state
        del turn.actions[count:]
        turn.refuse(refused, event.sender if isinstance(event, happened.Received) else None)
    turn.at = turn.now


def _received(turn: Turn, event: happened.Received) -> None:
    if event.at > turn.now:
        _keep_for_later(turn, event)
        return
    turn.at = _instant(turn, event.at)
    message = event.message
    following.check(turn, message)
    if isinstance(message, osc.Hello):
        replies.hello(turn, message, event.host)
    elif isinstance(message, osc.Bye):
        replies.bye(turn, message, event.host)
    else:
        _MESSAGES[type(message)](turn, message)
        if isinstance(message, osc.SetControl):
            learning.show(turn, message.name)


def _keep_for_later(turn: Turn, event: happened.Received) -> None:
    address = sent_to(event.message)
    if event.at - turn.now > LONGEST_LEAD_S:
        reason = f"its time tag is more than {LONGEST_LEAD_S:g} seconds ahead; are both clocks set?"
        raise Refused(Code.OUT_OF_RANGE, address, reason)
    if len(turn.state.later) >= MOST_LATER:
        raise Refused(
            Code.TOO_MUCH, address, f"{MOST_LATER} messages wait for their time already; send later"
        )
    turn.change(later=turn.state.later.plus(event.at, event))


def _played(turn: Turn, event: happened.Played) -> None:
    turn.at = _instant(turn, event.at)
    if is_echo(turn, event.message):
        return
    if isinstance(event.message, MidiClock):
        midi_clock.heard(turn, event.message)
        return
    message = meaning(turn, event.message)
    if message is not None:
        _MESSAGES[type(message)](turn, message)


def _instant(turn: Turn, at: float) -> float:
    """The instant a message means: not long ago, and not before the clock's last change."""
    return min(turn.now, max(at, turn.now - LONGEST_LAG_S, turn.state.clock.tempo.seconds))


def _rejected(turn: Turn, event: happened.Rejected) -> None:
    turn.refuse(event.refused)


def _nothing(turn: Turn, _: happened.Tick) -> None:
    """Passing time is seen to in every step."""


def _said(turn: Turn, message: engine.Said) -> None:
    if not varying.said(turn, message):
        answering.said(turn, message)


def _ended(turn: Turn, message: engine.Ended) -> None:
    if not varying.ended(turn, message) and not along.ended(turn, message):
        answering.ended(turn, message)


def _live_note(turn: Turn, message: osc.LiveNote) -> None:
    if turn.state.paused and message.velocity:
        return
    take = listening.live_note if turn.state.along is None else along.note
    take(turn, message)


def _set_control(turn: Turn, message: osc.SetControl) -> None:
    replies.set_control(turn, message)
    steering.changed(turn)


def _set_meter(turn: Turn, message: osc.TransportMeter) -> None:
    transport.set_meter(turn, message)
    steering.changed(turn)


def _closing(turn: Turn, _: happened.Closing) -> None:
    answering.stop(turn)
    silence(turn)
    clock_out.end(turn)


_MESSAGES: Final[dict[type, Handler]] = {
    osc.LiveNote: _live_note,
    osc.PhraseBegin: listening.begin_phrase,
    osc.PhraseNote: listening.score_note,
    osc.PhraseEnd: listening.end_phrase,
    osc.Continue: listening.more,
    osc.Infill: rewriting.infill,
    osc.Variations: varying.vary,
    osc.Choose: varying.choose,
    osc.Accompany: along.accompany,
    osc.Pause: buttons.pause,
    osc.Mute: buttons.mute,
    osc.Reset: buttons.reset,
    osc.Stop: buttons.stop,
    osc.Panic: buttons.panic,
    osc.TransportStart: transport.start,
    osc.TransportStop: transport.halt,
    osc.TransportContinue: transport.go_on,
    osc.TransportClock: following.follow,
    osc.TransportFree: free.switch,
    osc.TransportTempo: transport.set_tempo,
    osc.TransportPosition: transport.locate,
    osc.TransportMeter: _set_meter,
    osc.LoadPreset: swapping.load_named,
    osc.AskPresets: swapping.list_names,
    osc.AskStatus: replies.status,
    osc.AskHelp: replies.help_asked,
    osc.Ping: replies.ping,
    osc.SetControl: _set_control,
    osc.Learn: learning.learn,
}

_HANDLERS: Final[dict[type, Handler]] = {
    happened.Received: _received,
    happened.Rejected: _rejected,
    happened.Played: _played,
    happened.MidiGone: gone,
    happened.MidiBack: is_back,
    happened.Linked: link_clock.heard,
    happened.EngineStarted: swapping.started,
    happened.EngineGone: swapping.gone,
    happened.EngineDelay: swapping.delayed,
    happened.PresetRead: swapping.read,
    happened.PresetRefused: swapping.refused,
    happened.PresetsListed: swapping.listed,
    happened.MappingLost: learning.lost,
    happened.TakeLost: replies.take_lost,
    happened.Tick: _nothing,
    happened.Closing: _closing,
    engine.Loaded: midi_out.loaded,
    engine.LoadFailed: swapping.load_failed,
    engine.Said: _said,
    engine.Ended: _ended,
    engine.Weighed: free.weighed,
    engine.Trouble: swapping.trouble,
}
