"""`meloformer engine`: the model alone, for a bridge on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.bridge.folders import cache_folder, settings_folder
from meloformer.bridge.settings import Endpoint
from meloformer.scripts.options import endpoint


def engine(
    listen: Annotated[
        Endpoint, typer.Option(parser=endpoint, metavar="HOST:PORT", help="where bridges come in")
    ],
    keys: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            show_default="in your settings",
            help="the folder of the key files; they are made at the first start",
        ),
    ] = settings_folder(),  # noqa: B008 - a fact of the machine
    cache: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            show_default="in your cache",
            help="the folder of weights that bridges sent",
        ),
    ] = cache_folder() / "weights",  # noqa: B008
) -> None:
    """Play for a bridge on another machine, until Ctrl-C: one at a time, and only with the key."""
    from meloformer.bridge.elsewhere import run_engine

    run_engine(listen, keys, cache)
