"""Patches for other programs, and the way to get them out of the installed package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from meloformer.bridge.errors import BridgeError

FOLDER: Final = Path(__file__).resolve().parent
PATCHES: Final = ("meloformer.maxpat", "meloformer.pd", "meloformer-voice.pd", "meloformer.scd")


def copy_clients(folder: Path) -> list[Path]:
    """Copy the patches into `folder`, which is made if needed; returns the copies.

    Raises BridgeError, before anything is copied, where a name is taken by another file; OSError where the
    folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in PATCHES:
        copy = folder / name
        if copy.exists() and copy.read_bytes() != (FOLDER / name).read_bytes():
            raise BridgeError(f"{copy} is another file already; move it away, or choose another folder")
    return [Path(shutil.copyfile(FOLDER / name, folder / name)) for name in PATCHES]
