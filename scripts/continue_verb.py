"""`meloformer continue IN.mid OUT.mid`: the file as it is, and new bars behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.model.midi import read_raw
from meloformer.presets.reader import find, read
from meloformer.scripts.continuation import continuation
from meloformer.scripts.options import (
    BarsOption,
    ContinueOptions,
    DeviceOption,
    SourceArgument,
    flatten,
    leave,
)
from meloformer.scripts.player import player_as_said


@flatten
def continue_(
    source: SourceArgument,
    target: Annotated[Path, typer.Argument(metavar="OUT.mid", help="where it is written, with its answer")],
    bars: BarsOption = 8,
    *,
    options: ContinueOptions,
    device: DeviceOption = "auto",
) -> None:
    """Write IN.mid unchanged and new bars behind it to OUT.mid; the same seed gives the same bytes."""
    leave(source, target)
    raw = read_raw(source)
    settings = read(find(options.preset, options.presets))
    performer = player_as_said(settings, options, device)
    longer = continuation(raw, performer, bars, settings.controls.velocity, str(source))
    target.write_bytes(longer.raw.dumps_midi())
    print(f"{target}: {longer.bars_before} bars as they were, then {bars} new ones with {longer.notes} notes")
