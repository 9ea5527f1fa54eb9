"""The limits of an offline answer: what a preset's controls say, with the command line's in their place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meloformer.model.harmony import progression, scale
from meloformer.model.limits import Limits, Playing, Rules, before_loudness
from meloformer.presets.controls import CONTROLS
from meloformer.presets.preset import ControlSettings
from meloformer.presets.words import FREE, instruments


def said(settings: ControlSettings, **options: Any) -> ControlSettings:
    """A preset's controls, with the options that were given in their place."""
    return replace(settings, **{name: value for name, value in options.items() if value is not None})


def limits(settings: ControlSettings) -> Limits:
    """What these controls allow; the velocity control multiplies later, so its range is divided here."""
    named = instruments(settings.programs)
    playing = Playing(
        pitches=(settings.pitch_range,),
        polyphony=None if settings.polyphony >= CONTROLS["polyphony"].high else settings.polyphony,
        density=None if settings.density >= CONTROLS["density"].high else settings.density,
        velocities=before_loudness(settings.velocity_range, settings.velocity),
        silent=bool(settings.silence),
    )
    rules = Rules(
        scale=None if settings.scale == FREE else scale(settings.scale),
        grid=settings.grid,
        chords=() if settings.chords == FREE else progression(settings.chords),
        others=playing,
    )
    return Limits(None if named is None else frozenset(named), rules)
