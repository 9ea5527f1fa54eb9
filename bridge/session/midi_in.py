"""MIDI that comes in: notes and pedals are heard, knobs turn controls, some of them are buttons."""

from __future__ import annotations

from typing import Final

from meloformer.bridge.capture import Held
from meloformer.bridge.errors import Code
from meloformer.bridge.incoming import (
    INCOMING,
    Accompany,
    Continue,
    Incoming,
    LiveNote,
    LoadPreset,
    Mute,
    Panic,
    Pause,
    SetControl,
)
from meloformer.bridge.midi import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    SUSTAIN,
    MidiControl,
    MidiIn,
    MidiNote,
    MidiPlayed,
    MidiProgram,
)
from meloformer.bridge.outgoing import Error
from meloformer.bridge.rows import ROOT
from meloformer.bridge.session import along, listening
from meloformer.bridge.session.events import MidiBack, MidiGone
from meloformer.bridge.session.learning import moved, show_all
from meloformer.bridge.session.midi_out import introduce
from meloformer.bridge.session.turn import ECHO_S, Turn
from meloformer.presets.preset import MidiMapping

PEDAL_DOWN: Final = 64  # a controller value from here on is a pedal that is down, or a button that is pressed
LAST_CONTROLLER: Final = 119


def meaning(turn: Turn, message: MidiPlayed) -> Incoming | None:
    """The OSC message that a MIDI message amounts to; None where it is taken here, or means nothing."""
    if isinstance(message, MidiNote):
        return LiveNote(message.channel, message.pitch, message.velocity)
    if isinstance(message, MidiControl):
        return _control(turn, message)
    return _program(turn, message)


def gone(turn: Turn, event: MidiGone) -> None:
    """The ports are no more: what was held there by keys and pedals is let go."""
    turn.send(Error(Code.MIDI, ROOT, event.reason))
    lift, strike = (listening.pedal, listening.live_note)
    if turn.state.along is not None:
        lift, strike = (along.pedal, along.note)
    for channel in sorted(turn.state.pedals):
        lift(turn, channel, False)
    for held in _held(turn):
        strike(turn, LiveNote(held.channel, held.pitch, 0))


def is_back(turn: Turn, _: MidiBack) -> None:
    """Knobs that can are told where they stand, and whoever listens what the preset says."""
    show_all(turn)
    introduce(turn)


def _held(turn: Turn) -> tuple[Held, ...]:
    """What is being played and sounds."""
    heard = None if turn.state.along is None else turn.state.along.heard
    phrase = turn.state.listening
    if phrase is not None:
        heard = phrase.live if phrase.free is None else phrase.free.shadow
    return () if heard is None else heard.held


def is_echo(turn: Turn, message: MidiIn) -> bool:
    """True for what the bridge sent a moment ago and a loop brings back; each excuses one."""
    if not isinstance(message, MidiNote):
        return _is_excused(turn, message)
    if message.velocity == 0:
        return _is_echoed_off(turn, message)
    excused = _is_excused(turn, message)
    if excused:
        turn.change(echoed=turn.state.echoed | {message.key})
    return excused


def _is_echoed_off(turn: Turn, off: MidiNote) -> bool:
    # An off comes back exactly where its on did, and after it. So without a loop no off of the player's is
    # swallowed, which would hold the note for ever; with one, as many offs are heard as the player made, the
    # last at most one way round the loop late. The player may strike what we did, as loudly and at once: that
    # is taken for an echo, until a key goes up there that nobody was heard to press.
    if off.key in turn.state.echoed and _is_excused(turn, off):
        turn.change(echoed=turn.state.echoed - {off.key})
        return True
    if not any((held.channel, held.pitch) == off.key and not held.let_go for held in _held(turn)):
        turn.change(echoed=turn.state.echoed - {off.key})
    return False


def _is_excused(turn: Turn, message: MidiIn) -> bool:
    """The same was sent a moment ago, and has not come back yet."""
    echoes = turn.state.echoes
    for index, (sent_at, sent) in enumerate(echoes):
        if sent == message and turn.at - sent_at <= ECHO_S:
            turn.change(echoes=echoes[:index] + echoes[index + 1 :])
            return True
    return False


def _control(turn: Turn, message: MidiControl) -> Incoming | None:
    if message.control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
        return Panic()
    if message.control > LAST_CONTROLLER:
        return None  # a channel mode message, and no knob
    if message.control == SUSTAIN:
        pedal = listening.pedal if turn.state.along is None else along.pedal
        pedal(turn, message.channel, message.value >= PEDAL_DOWN)
        return None
    moved(turn, message)
    for mapping in turn.state.preset.midi_map:
        if mapping.cc != message.control:
            continue
        if mapping.control is not None:
            return SetControl(mapping.control, mapping.value(message.value), mapping.channel)
        if message.value >= PEDAL_DOWN:
            return _action(turn, mapping)
    return None


def _program(turn: Turn, message: MidiProgram) -> Incoming | None:
    """A program that the preset maps is a button; any other says what is played on its channel."""
    for mapping in turn.state.preset.midi_map:
        if mapping.program == message.program:
            return _action(turn, mapping)
    turn.change(programs={**turn.state.programs, message.channel: message.program})
    return None


def _action(turn: Turn, mapping: MidiMapping) -> Incoming:
    if mapping.preset is not None:
        return LoadPreset(mapping.preset)
    make, state = INCOMING[f"{ROOT}/{mapping.action}"].make, turn.state
    if make is Continue:
        return Continue(int(state.controls["bars"]))
    switched: dict[object, bool] = {
        Accompany: state.along is not None,
        Pause: state.paused,
        Mute: bool(state.controls["silence"]),
    }
    message: Incoming = make(int(not switched[make])) if make in switched else make()
    return message
