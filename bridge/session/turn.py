"""One step in the making: the state as it is so far, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from meloformer.bridge.engine.messages import ToEngine
from meloformer.bridge.errors import Refused
from meloformer.bridge.midi import MidiControl, MidiNote, MidiOut
from meloformer.bridge.outgoing import Error, Outgoing
from meloformer.bridge.outgoing import State as StateMessage
from meloformer.bridge.session.actions import Action, Send, SendMidi, Tell
from meloformer.bridge.session.phases import NEXT, POSITIONS, Cause
from meloformer.bridge.session.state import Counts, Engine, State
from meloformer.bridge.tempo import SAME_BEAT
from meloformer.model.sampling import Sampling

ECHO_S: Final = 0.1  # what MIDI sent comes back through a loop within this
STATE_CHANNEL: Final = 1  # of the controller that says the phase


@dataclass(slots=True)
class Turn:
    """`now` is the instant of the step, `at` the instant that its event means (the same or earlier)."""

    state: State
    now: float
    at: float
    actions: list[Action] = field(default_factory=list)

    def change(self, **fields: Any) -> None:
        """Go on with these fields of the state changed."""
        self.state = self.state.with_(**fields)

    def count(self, name: str) -> None:
        """One more of what `/melo/status` counts."""
        counts: Counts = self.state.counts
        self.change(counts=replace(counts, **{name: getattr(counts, name) + 1}))

    def send(self, message: Outgoing, at: float | None = None) -> None:
        """To every OSC client."""
        self.actions.append(Send(message, at))

    def send_midi(self, message: MidiOut) -> None:
        """To the MIDI port, remembered for as long as it may come back."""
        self._forget_echoes()
        self.change(echoes=(*self.state.echoes, (self.now, message)))
        self.actions.append(SendMidi(message))

    def _forget_echoes(self) -> None:
        """What was sent too long ago comes back no more, and where that is an off, its note is over."""
        old = [sent for sent_at, sent in self.state.echoes if self.now - sent_at > ECHO_S]
        over = {each.key for each in old if isinstance(each, MidiNote) and each.velocity == 0}
        self.change(echoes=self.state.echoes[len(old) :], echoed=self.state.echoed - over)

    def tell(self, message: ToEngine) -> None:
        """To the engine; one that is gone is told nothing."""
        if self.state.engine is not Engine.STARTING:
            self.actions.append(Tell(message))

    def refuse(self, refused: Refused, asker: tuple[str, int] | None = None) -> None:
        """Say why a message is not taken, also to who sent it: `asker`, a host and a port."""
        self.count("refused")
        error = Error(refused.code, refused.address, refused.reason)
        self.actions.append(Send(error, asker=asker))

    def enter(self, cause: Cause) -> None:
        """Go on to the phase that follows, and say so when it is another one."""
        phase = NEXT[self.state.phase, cause]
        if phase is not self.state.phase:
            self.change(phase=phase)
            self.send(StateMessage(phase.value))
            self.show_phase()

    def show_phase(self) -> None:
        """The controller that the preset has for it says the phase by MIDI."""
        control = self.state.preset.midi_out.state_cc
        if control is not None:
            self.send_midi(MidiControl(STATE_CHANNEL, control, POSITIONS[self.state.phase]))

    def rest(self) -> None:
        """The music is over: a clock that music started stands still again."""
        if self.state.clock.lent:
            self.change(clock=self.state.clock.stopped(self.now))

    @property
    def beat(self) -> float:
        """The transport's beat now."""
        return self.state.clock.beat_at(self.now)

    @property
    def beat_meant(self) -> float:
        """The transport's beat at the instant that the event means."""
        return self.state.clock.beat_at(self.at)

    @property
    def delay_beats(self) -> float:
        """What passes from a question to its answer even if the engine needs no time at all."""
        return self.state.engine_delay_s * self.state.clock.bpm / 60

    @property
    def lookahead_beats(self) -> float:
        """So far ahead of the playhead what is planned stays; further if the engine is far away."""
        return self.state.preset.answer.lookahead_beats + self.delay_beats

    @property
    def horizon(self) -> float:
        """Up to this beat, what is known of the answer leaves now."""
        return self.beat + self.state.preset.answer.commit_beats + SAME_BEAT

    @property
    def sampling(self) -> Sampling:
        controls = self.state.controls
        return Sampling(*(controls[name] for name in ("temperature", "top_p", "min_p", "echo", "memory")))
