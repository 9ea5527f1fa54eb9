"""What can be wrong with a preset, as one family; every message ends with the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WAY_OUT: Final = "Correct the file and save it; a preset that is in use stays."
SHOWN_MISTAKES: Final = 5


class PresetError(Exception):
    """A preset cannot be used."""


class PresetNotFoundError(PresetError):
    """No preset of this name is in the folder."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a preset file: its line (from 1), the field as a dotted path, what is allowed there."""

    line: int
    field: str
    problem: str
    allowed: str

    def __str__(self) -> str:
        place = f"line {self.line}, {self.field}" if self.field else f"line {self.line}"
        return f"{place}: {self.problem}; allowed: {self.allowed}"


class BrokenPresetError(PresetError):
    """A preset file has mistakes: `mistakes` holds all, in the order of the file; as text it is one line."""

    def __init__(self, file: Path, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: mistake.line))
        told = " | ".join(str(mistake) for mistake in self.mistakes[:SHOWN_MISTAKES])
        more = len(self.mistakes) - SHOWN_MISTAKES
        rest = f" | and {more} more" if more > 0 else ""
        super().__init__(f"{file.name}, {told}{rest}. {WAY_OUT}")
