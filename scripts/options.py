"""Options that several verbs share, each written once. Ranges are those of the table of live controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from meloformer.presets.controls import CONTROLS, Control


def control(name: str, help: str = "") -> Any:
    """An option that takes what a live control takes."""
    row = CONTROLS[name]
    return typer.Option(
        f"--{name.replace('_', '-')}",
        parser=_reader(row),
        metavar=f"{row.low}..{row.high}",
        help=help or row.meaning,
    )


def _reader(row: Control) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = int(text) if row.whole else float(text)
        except ValueError:
            value = float("nan")
        if not row.allows(value):
            raise typer.BadParameter(f"{text!r} is not {row.allowed}")
        return value

    return read


Device = Literal["auto", "cpu", "cuda"]
Size = Literal["small", "base", "large", "xlarge"]

PresetOption = Annotated[str, typer.Option("--preset", metavar="NAME", help="the preset that plays")]
PresetsOption = Annotated[
    Path,
    typer.Option(
        "--presets",
        metavar="DIR",
        exists=True,
        file_okay=False,
        show_default="those that come with MeloFormer",
        help="the folder of presets",
    ),
]
DeviceOption = Annotated[Device, typer.Option("--device", help="where the model runs; auto takes a GPU")]
SeedOption = Annotated[int | None, control("seed", "where chance begins; without it, the preset's own seed")]
BarsOption = Annotated[int, control("bars", "how many new bars")]
TemperatureOption = Annotated[float | None, control("temperature")]
TopPOption = Annotated[float | None, control("top_p")]
MinPOption = Annotated[float | None, control("min_p")]
MemoryOption = Annotated[float | None, control("memory")]
