"""`meloformer continue IN.mid OUT.mid`: the file as it is, and new bars behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.model.midi import read_raw
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.reader import find, read
from meloformer.scripts.continuation import continuation
from meloformer.scripts.limiting import limits, said
from meloformer.scripts.options import (
    BarsOption,
    ChordsOption,
    DensityOption,
    DeviceOption,
    GridOption,
    MemoryOption,
    MinPOption,
    PitchRangeOption,
    PolyphonyOption,
    PresetOption,
    PresetsOption,
    ProgramsOption,
    ScaleOption,
    SeedOption,
    TemperatureOption,
    TopPOption,
    VelocityRangeOption,
)
from meloformer.scripts.player import chosen, player


def continue_(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="what is heard")],
    target: Annotated[Path, typer.Argument(metavar="OUT.mid", help="where it is written, with its answer")],
    bars: BarsOption = 8,
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    seed: SeedOption = None,
    temperature: TemperatureOption = None,
    top_p: TopPOption = None,
    min_p: MinPOption = None,
    scale: ScaleOption = None,
    chords: ChordsOption = None,
    pitch_range: PitchRangeOption = None,
    velocity_range: VelocityRangeOption = None,
    polyphony: PolyphonyOption = None,
    density: DensityOption = None,
    grid: GridOption = None,
    programs: ProgramsOption = None,
    memory: MemoryOption = None,
    device: DeviceOption = "auto",
) -> None:
    """Write IN.mid unchanged and new bars behind it to OUT.mid; the same seed gives the same bytes."""
    raw = read_raw(source)
    settings = read(find(preset, presets))
    how = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "memory": memory}
    sampling = chosen(settings.sampling, seed=seed, **how)
    controls = said(
        settings.controls,
        scale=scale,
        chords=chords,
        pitch_range=pitch_range,
        velocity_range=velocity_range,
        polyphony=polyphony,
        density=density,
        grid=grid,
        programs=programs,
    )
    performer = player(settings, sampling, device)
    performer.limits = limits(controls, settings)
    longer = continuation(raw, performer, bars, controls.velocity, str(source))
    target.write_bytes(longer.raw.dumps_midi())
    print(f"{target}: {longer.bars_before} bars as they were, then {bars} new ones with {longer.notes} notes")
