"""A run's log: one JSON line an entry, only ever added to."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from meloformer.training.errors import RunError
from meloformer.training.recipe import Recipe

NAME = "log.jsonl"


def log(folder: Path, **entry: object) -> None:
    """One entry more."""
    with (folder / NAME).open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def entries(folder: Path, event: str) -> list[dict[str, Any]]:
    """All entries of a kind (`start`, `train`, `held_out`), oldest first; none where there is no log."""
    if not (folder / NAME).is_file():
        return []
    lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]  # a kill may leave half a line
    return [entry for entry in found if entry["event"] == event]


def recipe_of(folder: Path) -> Recipe:
    """The recipe that a run was last started with. Raises RunError where none was."""
    starts = entries(folder, "start")
    if not starts:
        raise RunError(f"{folder}: there is no run to go on with; train without --resume first")
    return Recipe(
        **{field.name: starts[-1][field.name] for field in fields(Recipe) if field.name in starts[-1]}
    )


def last_bits_per_note(folder: Path) -> float | None:
    """The latest measurement on held-out pieces."""
    measured = entries(folder, "held_out")
    return float(measured[-1]["bits_per_note"]) if measured else None
