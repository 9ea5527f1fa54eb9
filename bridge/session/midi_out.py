"""MIDI that goes out beside the notes, where the preset asks for it: its programs, and the phase."""

from __future__ import annotations

from meloformer.bridge.engine.messages import Loaded
from meloformer.bridge.midi import MidiProgram
from meloformer.bridge.session import swapping
from meloformer.bridge.session.turn import Turn
from meloformer.presets.parts import DRUMS
from meloformer.presets.preset import Preset


def loaded(turn: Turn, message: Loaded) -> None:
    """The weights are ready; the preset that comes into use by them, or once more, introduces itself."""
    models = turn.state.models
    swapping.loaded(turn, message)
    if turn.state.models > models:
        introduce(turn)


def introduce(turn: Turn) -> None:
    """Send what the preset in use says of itself."""
    for channel, program in _programs(turn.state.preset).items():
        turn.send_midi(MidiProgram(channel, program))
    turn.show_phase()


def _programs(preset: Preset) -> dict[int, int]:
    """The General MIDI program by channel: that of the first part on it that is no drum kit."""
    programs: dict[int, int] = {}
    if preset.midi_out.programs:
        for part in preset.parts:
            if part.instrument != DRUMS:
                programs.setdefault(part.channel, part.instrument)
    return programs
