"""What of a session goes on tape: who played what, the tempo, and where something began or ended."""

from __future__ import annotations

from typing import Final

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Reset
from meloformer.bridge.midi import MidiContinue, MidiNote, MidiStart, MidiStop
from meloformer.bridge.outgoing import OutBegin, OutEnd, PresetLoaded
from meloformer.bridge.session.actions import Action, Send, SendMidi, Tell
from meloformer.bridge.session.events import Played, Received
from meloformer.bridge.session.state import State
from meloformer.bridge.takes.noted import Noted
from meloformer.bridge.takes.tape import Tape
from meloformer.presets.parts import DRUMS

_MARKED: Final = {
    osc.PhraseBegin: "phrase begins",
    osc.PhraseEnd: "phrase ends",
    osc.TransportStart: "start",
    osc.TransportStop: "stop",
    osc.TransportContinue: "continue",
    osc.Panic: "panic",
    MidiStart: "start",
    MidiStop: "stop",
    MidiContinue: "continue",
}


class Taping:
    """Takes steps in order and puts them on its tape."""

    def __init__(self, state: State) -> None:
        self.tape = Tape(state.now, f"MeloFormer, preset {state.preset.name}")
        self._heard = 0
        self._seed: int | None = None
        self._phrase_s = state.now
        self._tempo(state.now, state)
        self._seeded(state.now, int(state.controls["seed"]))

    def take(self, noted: Noted) -> None:
        """One step of the session."""
        seconds, event, actions, state = noted
        self._tempo(seconds, state)
        if isinstance(event, Received | Played):
            self._came(seconds, event.message, heard=state.counts.heard > self._heard)
        self._heard = state.counts.heard
        for action in actions:
            self._left(seconds, action, state)

    def _tempo(self, seconds: float, state: State) -> None:
        self.tape.set_clock(seconds, state.clock.bpm, state.clock.meter)

    def _seeded(self, seconds: float, seed: int) -> None:
        if seed != self._seed:
            self._seed = seed
            self.tape.text(seconds, f"seed {seed}")

    def _came(self, seconds: float, message: object, heard: bool) -> None:
        """Of notes, those that were heard: an echo of the bridge's own is none."""
        if isinstance(message, osc.LiveNote | MidiNote):
            if heard or message.velocity == 0:
                track = f"player {message.channel}"
                self.tape.note(seconds, track, message.channel, message.pitch, message.velocity)
        elif isinstance(message, osc.PhraseNote):
            track, end = f"player's score {message.channel}", message.onset_beat + message.duration_beats
            self.tape.score_note(
                self._phrase_s,
                track,
                message.onset_beat,
                end,
                message.channel,
                message.pitch,
                message.velocity,
            )
        elif isinstance(message, osc.PhraseBegin):
            self._phrase_s = seconds
        if type(message) in _MARKED:
            self.tape.marker(seconds, _MARKED[type(message)])
        elif isinstance(message, osc.TransportPosition):
            self.tape.marker(seconds, f"to beat {message.beat:g}")

    def _left(self, seconds: float, action: Action, state: State) -> None:
        match action:
            case SendMidi(MidiNote(channel, pitch, velocity)):
                track = f"model {channel}"
                self.tape.program(track, channel, _program(state, channel))
                self.tape.note(seconds, track, channel, pitch, velocity)
            case Tell(Reset(seed)):
                self._seeded(seconds, seed)
            case Send(OutBegin(request, bars), _):
                self.tape.marker(seconds, f"answer {request} asked for, {bars} bars")
            case Send(OutEnd(request, _, reason), _):
                self.tape.marker(seconds, f"answer {request} {reason}")
            case Send(PresetLoaded(name, _), _):
                self.tape.marker(seconds, f"preset {name}")


def _program(state: State, channel: int) -> int:
    """The sound of the first part that plays on this channel; that of the drum channel is its kit."""
    found = [part.instrument for part in state.preset.parts if part.channel == channel]
    return found[0] if found and found[0] != DRUMS else 0
