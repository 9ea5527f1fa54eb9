"""`meloformer clients`: the patches for Pure Data, Max and SuperCollider, where a musician can open them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meloformer.bridge.clients import copy_clients


def clients(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to put them; made if it is not there")],
) -> None:
    """Copy the Pure Data, Max and SuperCollider patches to a folder; nothing of yours is overwritten."""
    for copy in copy_clients(folder):
        print(copy)
