"""A run's log: one JSON line an entry, only ever added to."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

from meloformer.training import board, world
from meloformer.training.errors import RunError
from meloformer.training.plan import Plan, plan_from
from meloformer.training.recipe import Recipe

NAME = "log.jsonl"


def log(folder: Path, **entry: object) -> None:
    """One entry more, by the first process; curves follow it. Raises RunError where there is no room."""
    if not world.is_first():
        return
    try:
        with (folder / NAME).open("ab+") as file:
            file.write(f"{_parting(file)}{json.dumps(entry)}\n".encode())
        board.draw(folder, entry)
    except OSError as error:
        raise RunError(f"{folder / NAME}: {error.strerror}; make room, then --resume") from error


def _parting(file: BinaryIO) -> str:
    """A kill may have left half a line; the next one does not go on with it."""
    if not file.tell():
        return ""
    file.seek(-1, os.SEEK_END)
    return "" if file.read() == b"\n" else "\n"


def entries(folder: Path, event: str) -> list[dict[str, Any]]:
    """All entries of a kind (`start`, `train`, `held_out`), oldest first; none where there is no log."""
    if not (folder / NAME).is_file():
        return []
    lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]  # a kill may leave half a line
    return [entry for entry in found if entry["event"] == event]


def recipe_of(folder: Path) -> Recipe:
    """The recipe that a run was last started with. Raises RunError where none was."""
    start = _last_start(folder)
    return Recipe(**{field.name: start[field.name] for field in fields(Recipe) if field.name in start})


def _last_start(folder: Path) -> dict[str, Any]:
    starts = entries(folder, "start")
    if not starts:
        raise RunError(f"{folder}: there is no run to go on with; train without --resume first")
    return starts[-1]


def plan_of(folder: Path) -> Plan:
    """What is left of the plan that a run was last started with."""
    start, trained = _last_start(folder), entries(folder, "train")
    spent_s = float(trained[-1].get("seconds", 0)) if trained and trained[-1]["step"] > start["step"] else 0.0
    return plan_from(str(start["plan"]), spent_s)


def measured(folder: Path, step: int) -> dict[int, float]:
    """Bits per note on held-out pieces at each step up to this one that was measured."""
    found = ((int(entry["step"]), float(entry["bits_per_note"])) for entry in entries(folder, "held_out"))
    return {at: bits for at, bits in found if at <= step}


def last_bits_per_note(folder: Path) -> float | None:
    """The latest measurement on held-out pieces."""
    measured = entries(folder, "held_out")
    return float(measured[-1]["bits_per_note"]) if measured else None
