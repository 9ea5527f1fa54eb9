"""`meloformer infill IN.mid OUT.mid --bars 5-8`: some bars anew, all others as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from meloformer.model.midi import from_symusic, read_raw
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.reader import find, read
from meloformer.scripts.limiting import limits, said
from meloformer.scripts.options import (
    ChordsOption,
    DensityOption,
    DeviceOption,
    GridOption,
    MinPOption,
    PitchRangeOption,
    PolyphonyOption,
    PresetOption,
    PresetsOption,
    ScaleOption,
    SeedOption,
    TemperatureOption,
    TopPOption,
    VelocityRangeOption,
)
from meloformer.scripts.player import chosen, player
from meloformer.scripts.rewriting import Span, rewriting

BARS = "--bars"


def span(text: str) -> Span:
    """`5-8`, counted from 1 and both included, as a span; a single bar is its own end."""
    match = re.fullmatch(r"([1-9][0-9]*)(?:-([1-9][0-9]*))?", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no range of bars; write the first and the last, such as 5-8")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise typer.BadParameter(f"{text!r} ends before it begins; write the first bar first")
    return Span(first - 1, last)


def infill(
    source: Annotated[Path, typer.Argument(metavar="IN.mid", help="what is heard")],
    target: Annotated[Path, typer.Argument(metavar="OUT.mid", help="where it is written, with its new bars")],
    bars: Annotated[
        Span,
        typer.Option(
            BARS, parser=span, metavar="FIRST-LAST", help="which bars, counted from 1, both included"
        ),
    ],
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
    device: DeviceOption = "auto",
) -> None:
    """Write IN.mid to OUT.mid with these bars made anew, to fit what stands before and after them.

    All other notes stay as they are; the same seed gives the same bytes.
    """
    raw = read_raw(source)
    score = from_symusic(raw, str(source))
    if bars.stop > len(score.meters):
        asked, there = f"{bars.first + 1}-{bars.stop}", len(score.meters)
        reason = f"{asked} is outside {source}, which has {there} bars; choose from 1-{there}"
        raise typer.BadParameter(reason, param_hint=BARS)
    settings = read(find(preset, presets))
    sampling = chosen(settings.sampling, seed=seed, temperature=temperature, top_p=top_p, min_p=min_p)
    controls = said(
        settings.controls,
        scale=scale,
        chords=chords,
        pitch_range=pitch_range,
        velocity_range=velocity_range,
        polyphony=polyphony,
        density=density,
        grid=grid,
    )
    performer = player(settings, sampling, device)
    performer.limits = limits(controls, settings)
    changed = rewriting(raw, score, performer, bars, controls.velocity)
    target.write_bytes(changed.raw.dumps_midi())
    print(
        f"{target}: bars {bars.first + 1} to {bars.stop} anew with {changed.notes} notes, all else as it was"
    )
