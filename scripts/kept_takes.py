"""The takes in a folder: which there are, what their lines say, and parts of one as a MIDI file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mido

LINES: Final = ".jsonl"
MIDI: Final = ".mid"
FORMAT: Final = 1


class TakeError(Exception):
    """A take that cannot be used: which, why, and the way out."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One take in a line: `seconds` it lasted, `answers` and the notes that were decided for them."""

    name: str
    began: str
    preset: str
    seed: int
    seconds: float
    answers: int
    notes: int


def names(folder: Path) -> list[str]:
    """The takes of a folder, oldest first; raises TakeError where there is no such folder."""
    if not folder.is_dir():
        raise TakeError(f"there is no folder {folder}; name the one that bridge --takes was given")
    return sorted(file.stem for file in folder.glob(f"*{LINES}"))


def file_of(name: str, folder: Path) -> Path:
    """The lines of a take; raises TakeError, which says what there is."""
    if name not in names(folder):
        there = f"there are: {', '.join(names(folder)[-5:])}" if names(folder) else "there are none"
        raise TakeError(f"no take {name!r:.80} in {folder}; {there}")
    return folder / f"{name}{LINES}"


def lines(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a take, its heading first; a last line that a crash cut short is left out."""
    with file.open(encoding="utf-8") as stream:
        whole = (line for line in stream if line.endswith("\n"))
        try:
            heading = json.loads(next(whole, "null"))
            if not isinstance(heading, dict) or heading.get("format") != FORMAT:
                raise TakeError(
                    f"{file} is no take of format {FORMAT}; was it written by a newer MeloFormer?"
                )
            yield heading
            yield from map(json.loads, whole)
        except ValueError as error:
            raise TakeError(f"{file} is damaged ({error}); its MIDI file may be whole") from None


def summary(file: Path) -> Summary:
    """What a take holds."""
    heading, *rest = lines(file)
    ended = [
        line["message"] for line in rest if line["kind"] == "engine" and line["message"]["kind"] == "ended"
    ]
    return Summary(
        name=file.stem,
        began=heading["began"],
        preset=heading["preset"],
        seed=heading["seed"],
        seconds=rest[-1]["s"] if rest else 0.0,
        answers=len(ended),
        notes=sum(message["notes"] for message in ended),
    )


def export(file: Path, target: Path, only: str) -> int:
    """Write the tracks of a take that belong to `only` (all, player or model); how many they are."""
    midi = mido.MidiFile(file.with_suffix(MIDI))
    wanted = [track for track in midi.tracks[1:] if only == "all" or track.name.startswith(only)]
    if not wanted:
        raise TakeError(f"in the take {file.stem} nobody plays ({only}); export another one")
    midi.tracks[1:] = wanted
    midi.save(target)
    return len(wanted)
