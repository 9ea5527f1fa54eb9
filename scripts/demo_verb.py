"""`meloformer demo`: a phrase of our own and its answer, as MIDI, picture and sound; no port needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.model.midi import read, to_symusic
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.reader import find
from meloformer.presets.reader import read as read_preset
from meloformer.scripts import picture
from meloformer.scripts.continuation import continuation
from meloformer.scripts.options import BarsOption, PresetOption, PresetsOption, SeedOption, said
from meloformer.scripts.phrase import BARS, phrase
from meloformer.scripts.player import player
from meloformer.scripts.sound import SoundError, render


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="the folder to write to")] = Path("demo"),
    bars: BarsOption = 8,
    preset: PresetOption = DEFAULT,
    presets: PresetsOption = SHIPPED,
    seed: SeedOption = None,
) -> None:
    """Play four bars to the default preset and write its answer: demo.mid, demo.png and demo.wav."""
    settings = read_preset(find(preset, presets))
    performer = player(settings, said(settings.sampling, seed=seed), "auto")
    longer = continuation(to_symusic(phrase()), performer, bars, settings.controls.velocity)
    out.mkdir(parents=True, exist_ok=True)
    midi = out / "demo.mid"
    midi.write_bytes(longer.raw.dumps_midi())
    print(f"{midi}: {BARS} bars heard, then {bars} answered with {longer.notes} notes")
    _draw(midi, out / "demo.png", f"{BARS} bars heard, then {bars} answered by {preset}")
    _render(midi, out / "demo.wav")


def _draw(midi: Path, png: Path, title: str) -> None:
    if not picture.can_draw():
        print(f"no {png.name}: matplotlib is not installed; pip install matplotlib brings it")
        return
    picture.draw(read(midi), BARS, png, title)
    print(f"{png}: its piano roll")


def _render(midi: Path, wav: Path) -> None:
    try:
        render(midi, wav)
    except SoundError as error:
        print(f"no {wav.name}: {error}")
    else:
        print(f"{wav}: its sound")
