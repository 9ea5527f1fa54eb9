"""`meloformer accompany IN.mid OUT.mid --add PROGRAMS`: the file as it is, and new parts beside its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.model.midi import from_symusic, read_raw
from meloformer.presets.parts import DRUMS
from meloformer.presets.reader import find, read
from meloformer.scripts.accompaniment import accompaniment
from meloformer.scripts.options import AnswerOptions, DeviceOption, SourceArgument, flatten, leave
from meloformer.scripts.player import player_as_said

ADD = "--add"


def programs(text: str) -> frozenset[int]:
    """`0,33,drums` as instruments."""
    named = [_program(word.strip()) for word in text.split(",")]
    if len(set(named)) < len(named):
        raise typer.BadParameter(f"{text!r} names a program twice; name each once")
    return frozenset(named)


def _program(word: str) -> int:
    if word == "drums":
        return DRUMS
    if word.isdecimal() and int(word) < DRUMS:
        return int(word)
    allowed = "a General MIDI program from 0 to 127 (counted from 0), or drums"
    raise typer.BadParameter(f"{word!r} is not {allowed}; separate several by commas: 33,48,drums")


@flatten
def accompany(
    source: SourceArgument,
    target: Annotated[
        Path, typer.Argument(metavar="OUT.mid", help="where it is written, with its new parts")
    ],
    add: Annotated[
        frozenset[int],
        typer.Option(
            ADD,
            parser=programs,
            metavar="PROGRAM[,PROGRAM,drums]",
            help="who plays along: General MIDI programs, 0 to 127, or drums; none that is there already",
        ),
    ],
    options: AnswerOptions,
    device: DeviceOption = "auto",
) -> None:
    """Write IN.mid unchanged and new parts beside its own to OUT.mid; the same seed gives the same bytes."""
    leave(source, target)
    raw = read_raw(source)
    score = from_symusic(raw, str(source))
    if there := add & set(score.instruments()):
        names = ", ".join(_name(instrument) for instrument in sorted(there))
        raise typer.BadParameter(f"{source} has {names} already; name others", param_hint=ADD)
    settings = read(find(options.preset, options.presets))
    performer = player_as_said(settings, options, device)
    fuller = accompaniment(raw, score, performer, add, settings.controls.velocity)
    target.write_bytes(fuller.raw.dumps_midi())
    print(
        f"{target}: {len(score.meters)} bars as they were, and {fuller.notes} notes in {len(add)} new parts"
    )


def _name(instrument: int) -> str:
    return "drums" if instrument == DRUMS else f"program {instrument}"
