"""Options that several verbs share, each written once. Ranges are those of the table of live controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from meloformer.bridge.errors import BridgeError
from meloformer.bridge.settings import Endpoint
from meloformer.presets.control import Control, Setting
from meloformer.presets.controls import CONTROLS

TCP = "tcp://"


def endpoint(said: str | Endpoint) -> Endpoint:
    """HOST:PORT, or wrong arguments; a default passes through here too."""
    try:
        return Endpoint.parse(str(said))
    except BridgeError as error:
        raise typer.BadParameter(str(error)) from None


def engine_endpoint(said: str) -> Endpoint:
    """tcp://HOST:PORT, or wrong arguments."""
    if not said.startswith(TCP):
        raise typer.BadParameter(f"{said!r} is no engine's address; write {TCP}HOST:PORT")
    return endpoint(said.removeprefix(TCP))


def far(engine: Endpoint | None, key: Path | None) -> list[str]:
    """The options of `meloformer bridge` for that engine and its key."""
    named = {} if engine is None else {"--engine": f"{TCP}{engine}"}
    return [each for pair in (named | ({} if key is None else {"--key": str(key)})).items() for each in pair]


def control(name: str, help: str = "") -> Any:
    """An option that takes what a live control takes."""
    row = CONTROLS[name]
    return typer.Option(
        f"--{name.replace('_', '-')}",
        parser=_reader(row),
        metavar=_METAVARS.get(row.kind, f"{row.low}..{row.high}"),
        help=help or row.meaning,
    )


_METAVARS = {"text": "TEXT", "range": "LOW-HIGH"}


def _reader(row: Control) -> Callable[[str], Setting]:
    def read(text: str) -> Setting:
        try:
            value = _KINDS[row.kind](text)
        except ValueError:
            value = float("nan")
        if not row.allows(value):
            raise typer.BadParameter(f"{text!r} is not {row.allowed}")
        return value

    return read


def _range(text: str) -> tuple[int, int]:
    """`48-72`; raises ValueError."""
    low, high = text.split("-")
    return int(low), int(high)


_KINDS: dict[str, Callable[[str], Setting]] = {"int": int, "float": float, "text": str, "range": _range}


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
EngineOption = Annotated[
    Endpoint | None,
    typer.Option(
        "--engine",
        parser=engine_endpoint,
        metavar="tcp://HOST:PORT",
        help="play with the engine of another machine",
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        dir_okay=False,
        envvar="MELOFORMER_KEY",
        help="the laptop.key of that engine",
    ),
]
DeviceOption = Annotated[Device, typer.Option("--device", help="where the model runs; auto takes a GPU")]
SeedOption = Annotated[int | None, control("seed", "where chance begins; without it, the preset's own seed")]
BarsOption = Annotated[int, control("bars", "how many new bars")]
TemperatureOption = Annotated[float | None, control("temperature")]
TopPOption = Annotated[float | None, control("top_p")]
MinPOption = Annotated[float | None, control("min_p")]
MemoryOption = Annotated[float | None, control("memory")]
ScaleOption = Annotated[str | None, control("scale")]
ChordsOption = Annotated[str | None, control("chords")]
GridOption = Annotated[str | None, control("grid")]
ProgramsOption = Annotated[str | None, control("programs")]
PitchRangeOption = Annotated[Any, control("pitch_range")]  # to typer a tuple would be two arguments
VelocityRangeOption = Annotated[Any, control("velocity_range")]
PolyphonyOption = Annotated[int | None, control("polyphony")]
DensityOption = Annotated[float | None, control("density")]
