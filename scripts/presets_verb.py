"""`meloformer presets`: what presets there are, what one says, whether a file is right, and the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from meloformer.presets import SHIPPED
from meloformer.presets.document import parse
from meloformer.presets.errors import PresetError
from meloformer.presets.reader import SUFFIX, find, names, read, upgraded
from meloformer.presets.schema import schema
from meloformer.presets.shape import PRESET
from meloformer.scripts.options import PresetsOption

app = typer.Typer(help="List, show and check presets.", no_args_is_help=True)


@app.command("list")
def list_(presets: PresetsOption = SHIPPED) -> None:
    """The presets of a folder, with what each sounds like."""
    for name in names(presets):
        print(f"{name:16} {_described(find(name, presets))}")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="NAME")], presets: PresetsOption = SHIPPED) -> None:
    """A preset as a file that says everything, defaults included: a start for one of your own."""
    file = find(name, presets)
    read(file)
    said = _without_nothing(PRESET.completed(upgraded(parse(file.read_bytes()).data)))
    print(yaml.safe_dump(said, sort_keys=False, allow_unicode=True), end="")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a preset file, or a preset's name")],
    presets: PresetsOption = SHIPPED,
) -> None:
    """Whether a preset file is right; if not, what is wrong in which line, and what is allowed there."""
    path = _with_its_suffix(file) if file.suffix else find(str(file), presets)
    preset = read(path)
    print(f"{path}: right; it plays {preset.weights.name} with {len(preset.parts)} parts")


@app.command("schema")
def schema_() -> None:
    """The JSON Schema of a preset file, for editors."""
    print(json.dumps(schema(), indent=2))


def _with_its_suffix(file: Path) -> Path:
    """The same path; raises PresetError where no preset of that name would ever be found."""
    if file.suffix != SUFFIX:
        raise PresetError(
            f"{file}: a preset's file ends in {SUFFIX}, not in {file.suffix}; "
            f"rename it to {file.with_suffix(SUFFIX).name}"
        )
    return file


def _without_nothing(said: Any) -> Any:
    """The same data without the fields that say nothing: a preset file leaves them out."""
    if isinstance(said, dict):
        return {key: _without_nothing(value) for key, value in said.items() if value is not None}
    return [_without_nothing(value) for value in said] if isinstance(said, list) else said


def _described(file: Path) -> str:
    try:
        return read(file).description
    except PresetError as error:
        return f"(broken) {error}"
