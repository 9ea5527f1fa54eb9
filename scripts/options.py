"""Options that several verbs share, each written once. Ranges are those of the table of live controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import typer

from meloformer.bridge.errors import BridgeError
from meloformer.bridge.settings import Endpoint
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.control import Control, Setting
from meloformer.presets.controls import CONTROLS
from meloformer.presets.preset import ControlSettings, SamplingSettings

Settings = TypeVar("Settings", ControlSettings, SamplingSettings)

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

SourceArgument = Annotated[Path, typer.Argument(metavar="IN.mid", help="what is heard")]
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
PiecesOption = Annotated[int, typer.Option(min=1, help="how many held-out pieces of each collection")]
SeqLenOption = Annotated[int, typer.Option("--seq-len", min=64, max=65536, help="most tokens of a piece")]


def leave(source: Path, target: Path) -> None:
    """Refuse to write over what is heard."""
    if target.exists() and target.samefile(source):
        raise typer.BadParameter(
            f"{target} is the file that is heard; give another name", param_hint="OUT.mid"
        )


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """Which preset answers a file, how it samples and to which limits; None: as the preset says."""

    preset: PresetOption = DEFAULT
    presets: PresetsOption = SHIPPED
    seed: SeedOption = None
    temperature: Annotated[float | None, control("temperature")] = None
    top_p: Annotated[float | None, control("top_p")] = None
    min_p: Annotated[float | None, control("min_p")] = None
    scale: Annotated[str | None, control("scale")] = None
    chords: Annotated[str | None, control("chords")] = None
    pitch_range: Annotated[Any, control("pitch_range")] = None  # to typer a tuple would be two arguments
    velocity_range: Annotated[Any, control("velocity_range")] = None
    polyphony: Annotated[int | None, control("polyphony")] = None
    density: Annotated[float | None, control("density")] = None
    grid: Annotated[str | None, control("grid")] = None

    def over(self, settings: Settings) -> Settings:
        """A preset's settings, with the options that are theirs in their place."""
        names = (field.name for field in fields(settings))
        return said(settings, **{name: getattr(self, name, None) for name in names})


@dataclass(frozen=True, slots=True)
class ContinueOptions(AnswerOptions):
    """Those of `continue`, which also says who plays on, how it ends, and how readily phrases come back."""

    programs: Annotated[str | None, control("programs")] = None
    cadence: Annotated[int | None, control("cadence")] = None
    echo: Annotated[float | None, control("echo")] = None
    memory: Annotated[float | None, control("memory")] = None


def said(settings: Settings, **options: Any) -> Settings:
    """A preset's settings, with the options that were given in their place."""
    return replace(settings, **{name: value for name, value in options.items() if value is not None})


def flatten(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb that takes a dataclass of options: on the command line each of its fields is an option."""
    parameters = signature(verb, eval_str=True).parameters.values()
    (group,) = (parameter for parameter in parameters if is_dataclass(parameter.annotation))
    names = {field.name for field in fields(group.annotation)}

    @wraps(verb)
    def flat(**options: Any) -> None:
        of_group = {name: options.pop(name) for name in names}
        verb(**options, **{group.name: group.annotation(**of_group)})

    told = [one for each in parameters for one in (_options(group.annotation) if each is group else [each])]
    # All by keyword: an option that may be left out can then stand before one that may not.
    by_keyword = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in told]
    flat.__signature__ = Signature(by_keyword)  # type: ignore[attr-defined]  # what typer reads
    return flat


def _options(group: type) -> list[Parameter]:
    """The fields of a dataclass as parameters."""
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]
