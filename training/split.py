"""Which pieces a model never learns from: by a hash of the piece's name, so that every run agrees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import pairwise

from datasets import Dataset

from meloformer.training.rows import piece_of
from meloformer.training.store import in_memory

HELD_OUT_PERCENT = 2
PARTS = 4  # of a piece that is alone
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
        held_out = {min(tunes, key=_number)}
    if held_out and len(held_out) == len(set(tunes)):
        held_out.remove(max(held_out, key=_number))
    return Split(
        tuple(index for index, tune in enumerate(tunes) if tune not in held_out),
        tuple(index for index, tune in enumerate(tunes) if tune in held_out),
    )


def parted(store: Dataset) -> Dataset:
    """The same music, but a piece that is alone is cut into four, so that one part can be held out."""
    if len(store) != 1:
        return store
    piece = piece_of(store[0])
    bars = len(piece.score.meters)
    edges = sorted({bars * quarter // PARTS for quarter in range(PARTS + 1)})
    return in_memory(
        replace(
            piece,
            name=f"{piece.name}, bars {first + 1} to {stop}",
            score=piece.score.bars(first, stop),
            chords=piece.chords[first:stop],
        )
        for first, stop in pairwise(edges)
    )


def tune_of(collection: str, name: str) -> str:
    """What may not be on both sides."""
    return f"{collection}/{name.split('__')[0] if collection in ARRANGEMENTS else name}"


def is_held_out(tune: str) -> bool:
    return _number(tune) % 100 < HELD_OUT_PERCENT


def _number(tune: str) -> int:
    return int.from_bytes(hashlib.sha256(tune.encode()).digest()[:4], "big")
