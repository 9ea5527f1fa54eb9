"""`meloformer prepare FOLDER --out DATA`: a folder of MIDI files to an Arrow data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from meloformer.training.ingest import Refusal


def prepare(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="where the .mid files are")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DATA", help="the data set: a folder that is not there yet")
    ],
    workers: Annotated[int, typer.Option(min=1, max=256, help="how many processes read")] = 1,
) -> None:
    """Read every .mid and .midi file below FOLDER into DATA, and tell which were refused and why."""
    from meloformer.training.ingest import midi_files
    from meloformer.training.ingest import prepare as read_all

    files = len(midi_files(folder))
    with moving("reading", files) as show:
        refusals = read_all(folder, out, workers, lambda done: show(done, f"{done} of {files} files"))
    tell_refused(refusals)
    print(f"{out}: {files - len(refusals)} pieces; {len(refusals)} of {files} files refused")


def tell_refused(refusals: Sequence[Refusal]) -> None:
    """One line for each file that was left out, with its reason and the way out."""
    for refusal in refusals:
        print(f"refused: {refusal.reason}")
