"""`meloformer takes`: what was kept of earlier sessions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from meloformer.scripts import kept_takes

app = typer.Typer(help="The sessions that `bridge --takes DIR` kept.", no_args_is_help=True)

TakesOption = Annotated[Path, typer.Option("--takes", metavar="DIR", help="the folder of takes")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="a take, as `takes list` names it")]


@app.command("list")
def list_(takes: TakesOption = Path("takes")) -> None:
    """Every take: when, which preset and seed, how long, how many answers and notes."""
    for name in kept_takes.names(takes):
        take = kept_takes.summary(kept_takes.file_of(name, takes))
        length = f"{int(take.seconds) // 60}:{int(take.seconds) % 60:02}"
        print(
            f"{name}  {take.preset}, seed {take.seed}, {length}, {take.answers} answers, {take.notes} notes"
        )


@app.command()
def export(
    name: NameArgument,
    target: Annotated[Path, typer.Argument(metavar="OUT.mid", help="where it is written")],
    only: Annotated[Literal["all", "player", "model"], typer.Option(help="whose tracks")] = "all",
    takes: TakesOption = Path("takes"),
) -> None:
    """Write a take, or one side of it, as a MIDI file of its own."""
    tracks = kept_takes.export(kept_takes.file_of(name, takes), target, only)
    print(f"{target}: {tracks} tracks")


@app.command()
def replay(name: NameArgument, takes: TakesOption = Path("takes")) -> None:
    """Ask the model again all that it was asked in a take; fails where an answer is another one now."""
    from meloformer.scripts.replay import replay as again

    others = 0
    for answer in again(kept_takes.lines(kept_takes.file_of(name, takes))):
        others += not answer.same
        print(
            f"answer {answer.request}: {answer.notes} notes, {'as it was' if answer.same else 'another one'}"
        )
    if others:
        sys.exit(f"{others} answers are other ones now; have the weights or MeloFormer changed since?")
