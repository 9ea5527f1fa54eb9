"""`meloformer convert DATA --out DATA2`: a data set from Arrow to .pt shards, or back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def convert(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", exists=True, file_okay=False, help="the data set as it is")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DATA2", help="the new data set: a folder that is not there yet")
    ],
    to: Annotated[
        Literal["arrow", "pt"] | None,
        typer.Option(help="its kind; the other one where nothing is said", show_default=False),
    ] = None,
) -> None:
    """Write DATA once more, as .pt shards or as Arrow; nothing is lost either way."""
    from meloformer.training.convert import convert as convert_store

    meta = convert_store(data, out, to)
    print(f"{out}: {meta.pieces} pieces, {meta.notes} notes as {meta.kind}")
