"""The limits of an offline answer: what a preset's controls say, with the command line's in their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from meloformer.model.harmony import progression, scale
from meloformer.model.limits import Limits, Playing, Rules, before_loudness
from meloformer.presets.controls import CONTROLS
from meloformer.presets.preset import ControlSettings, Preset
from meloformer.presets.words import FREE, instruments


def limits(controls: ControlSettings, preset: Preset) -> Limits:
    """What these controls of a preset allow, and what its parts say of their channels."""
    named = instruments(controls.programs)
    rules = Rules(
        scale=None if controls.scale == FREE else scale(controls.scale),
        grid=controls.grid,
        chords=() if controls.chords == FREE else progression(controls.chords),
        playing=tuple(_of_parts(controls, preset)),
        others=_playing(controls),
        closes=bool(controls.cadence),
    )
    return Limits(None if named is None else frozenset(named), rules)


def _of_parts(controls: ControlSettings, preset: Preset) -> Iterator[tuple[int, Playing]]:
    """The instruments whose channels have settings of their own; what the command line says goes before."""
    for part in preset.parts:
        own: dict[str, Any] = {
            name: value
            for (name, channel), value in preset.channel_controls.items()
            if channel == part.channel and getattr(controls, name) == getattr(preset.controls, name)
        }
        if own:
            yield part.instrument, _playing(replace(controls, **own))


def _playing(controls: ControlSettings) -> Playing:
    """The velocity control multiplies later, so its range is divided here."""
    return Playing(
        pitches=(controls.pitch_range,),
        polyphony=None if controls.polyphony >= CONTROLS["polyphony"].high else controls.polyphony,
        density=None if controls.density >= CONTROLS["density"].high else controls.density,
        velocities=before_loudness(controls.velocity_range, controls.velocity),
        silent=bool(controls.silence),
    )
