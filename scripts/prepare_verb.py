"""`meloformer prepare FOLDER --out DATA`: MIDI files in folders and archives to an Arrow data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from meloformer.training.sources import Refusal


def prepare(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", exists=True, help="where the music is: a folder, a .zip or a .tar"),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DATA", help="the data set: a folder that is not there yet")
    ],
    workers: Annotated[int, typer.Option(min=1, max=256, help="how many processes read")] = 1,
    terms: Annotated[str, typer.Option(help="the licence of the music, told in the data set")] = "not told",
    ray: Annotated[bool, typer.Option("--ray", help="read on a Ray cluster")] = False,
) -> None:
    """Read every MIDI and MusicXML file below FOLDER, in archives too, into DATA.

    With --ray the cluster that RAY_ADDRESS names reads them, whose machines see FOLDER under the same path;
    where none is named, --workers processes of a Ray on this machine.

    What was refused, or has the notes of another file, is told with the reason, here and in DATA.report.txt.
    If it is stopped, the same command goes on where it was.
    """
    from meloformer.training.ingest import music_files
    from meloformer.training.ingest import prepare as read_all
    from meloformer.training.meta import meta_of
    from meloformer.training.report import summary

    files = len(music_files(folder))
    with moving("reading", files) as show:

        def told(done: int) -> None:
            show(done, f"{done} of {files} files")

        left_out = read_all(folder, out, workers, told, terms, ray)
    tell_refused(left_out)
    print(summary(out, meta_of(out), left_out))


def tell_refused(refusals: Sequence[Refusal]) -> None:
    """One line for each file that was left out, with its reason and the way out."""
    from meloformer.training.report import lines

    for line in lines(refusals):
        print(line)
