"""Knobs: which one turns which control is learnt by moving it; a knob that can is told where it stands."""

from __future__ import annotations

from dataclasses import replace

from meloformer.bridge.border import address_of
from meloformer.bridge.errors import Code
from meloformer.bridge.incoming import Learn
from meloformer.bridge.midi import MidiControl
from meloformer.bridge.outgoing import Error, Learned
from meloformer.bridge.session.actions import KeepMapping
from meloformer.bridge.session.events import MappingLost
from meloformer.bridge.session.turn import Turn
from meloformer.presets.controls import CONTROLS
from meloformer.presets.editing import mapped
from meloformer.presets.preset import MidiMapping


def learn(turn: Turn, message: Learn) -> None:
    """The next controller that moves turns this control."""
    turn.change(learning=message.control)


def moved(turn: Turn, message: MidiControl) -> None:
    """While something is to be learnt: this controller turns it, in the preset in use and in its file.

    A controller that turned this control already keeps its ends and its channel.
    """
    name, preset = turn.state.learning, turn.state.preset
    if name is None:
        return
    known = (each for each in preset.midi_map if (each.cc, each.control) == (message.control, name))
    mapping = next(known, MidiMapping(cc=message.control, control=name))
    preset = replace(preset, midi_map=mapped(preset.midi_map, mapping))
    turn.change(learning=None, preset=preset)
    loading = turn.state.loading
    if loading is not None and loading.name == preset.name:
        turn.change(loading=replace(loading, midi_map=mapped(loading.midi_map, mapping)))
    turn.send(Learned(name, message.control))
    turn.actions.append(KeepMapping(preset.name, mapping))


def lost(turn: Turn, event: MappingLost) -> None:
    """The preset's file could not be written."""
    turn.send(Error(Code.NOT_KEPT, address_of(Learn), event.reason))


def show(turn: Turn, *names: str) -> None:
    """Send the CC of these controls, where the preset asks for it: they have changed, not by a knob."""
    if turn.state.preset.feedback == "none":
        return
    for mapping in turn.state.preset.midi_map:
        if mapping.cc is not None and mapping.control in names:
            key = (mapping.control, mapping.channel or 0)
            value = turn.state.channel_controls.get(key, turn.state.controls[mapping.control])
            turn.send_midi(MidiControl(mapping.channel or 1, mapping.cc, mapping.position(value)))


def show_all(turn: Turn) -> None:
    """A preset has come into use, and its controls stand where it says."""
    show(turn, *CONTROLS)
