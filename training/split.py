"""Which pieces a model never learns from: by a hash of the piece's name, so that every run agrees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from datasets import Dataset

HELD_OUT_PERCENT = 2
ARRANGEMENTS = frozenset({"band_synth", "freedoom"})  # names are TUNE__VERSION; a tune stays on one side


@dataclass(frozen=True, slots=True)
class Split:
    """Rows of a store, in its order."""

    training: tuple[int, ...]
    held_out: tuple[int, ...]


def split(store: Dataset) -> Split:
    """About two in a hundred pieces are held out; at least one tune where there are two."""
    tunes = [tune_of(*pair) for pair in zip(store["collection"], store["name"], strict=True)]
    held_out = {tune for tune in tunes if is_held_out(tune)}
    if not held_out and len(set(tunes)) > 1:
        held_out = {min(tunes, key=number_of)}
    if held_out and len(held_out) == len(set(tunes)):
        held_out.remove(max(held_out, key=number_of))
    return Split(
        tuple(index for index, tune in enumerate(tunes) if tune not in held_out),
        tuple(index for index, tune in enumerate(tunes) if tune in held_out),
    )


def tune_of(collection: str, name: str) -> str:
    """What may not be on both sides."""
    return f"{collection}/{name.split('__')[0] if collection in ARRANGEMENTS else name}"


def is_held_out(tune: str) -> bool:
    return number_of(tune) % 100 < HELD_OUT_PERCENT


def number_of(name: str) -> int:
    """A number from 0 to 2**32 - 1 that is a name's on every machine, and as good as drawn by lot."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
