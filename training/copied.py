"""The longest run of notes that an answer has in common with the music a model learnt from.

All notes but the drums', in order of time and pitch whoever plays them, are told as steps (semitones,
sixteenths) from one to the next, so that a run counts in any key, as training plays in any key. A single
part's run would say little: a bass that repeats its note has 48 in common with any other. What the musician
has played before, and some training piece as well, is taken up from the musician. Two bytes are kept of each
training note, and runs are found by their hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from meloformer.model.score import Score
from meloformer.model.vocabulary import DRUMS
from meloformer.training.bars import SIXTEENTH
from meloformer.training.rows import Sheet
from meloformer.training.split import split

LENGTHS = (
    4,
    6,
    8,
    10,
    12,
    14,
    16,
    20,
    24,
    32,
    48,
    64,
)  # notes; a run is as long as the longest of these it reaches
STEPS_IN_TIME = 64  # sixteenths; a longer step is as long as this
SYMBOLS = 256 * STEPS_IN_TIME
PARTING = SYMBOLS  # stands before the first note of each piece
AT_ONCE = 1 << 20  # notes whose hashes are in memory at one time

BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, as a polynomial hash modulo 2**64 wants it
HASHES = np.random.default_rng(0).integers(0, 2**64, SYMBOLS + 1, dtype=np.uint64)

Symbols = NDArray[np.uint16]
Hashes = NDArray[np.uint64]
Notes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The steps of all training pieces, one after the other."""

    symbols: Symbols

    def longest_runs(self, answers: Sequence[Score], heard: Sequence[Score] = ()) -> list[int]:
        """How many notes in a row each answer has from the training pieces: 0, or one of LENGTHS.

        With the phrase that was `heard` before each answer: of runs that the phrase does not have itself.
        """
        told = [symbols_of(_columns(answer)) for answer in answers]
        known = [symbols_of(_columns(phrase)) for phrase in heard]
        owners = np.repeat(np.arange(len(told)), [len(one) for one in told])
        symbols = np.concatenate([*told, np.empty(0, np.uint16)])
        longest = np.zeros(len(told), dtype=np.int64)
        for length in LENGTHS:
            asked = np.flatnonzero(_is_run(symbols, length - 1))
            hashes = _hashes(symbols, length - 1)[asked]
            found = self._are_there(hashes, length - 1)
            for owner, phrase in enumerate(known):
                mine = owners[asked] == owner
                found[mine] &= ~np.isin(hashes[mine], _hashes(phrase, length - 1))
            longest[owners[asked[found]]] = length
        return [int(length) for length in longest]

    def _are_there(self, asked: Hashes, steps: int) -> NDArray[np.bool_]:
        """Which hashes of so many steps some training piece has."""
        wanted = np.unique(asked)
        there = np.zeros(len(wanted), dtype=np.bool_)
        for first in range(0, len(self.symbols) if len(wanted) else 0, AT_ONCE):
            hashes = _hashes(self.symbols[first : first + AT_ONCE + steps - 1], steps)
            places = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
            there[places[wanted[places] == hashes]] = True
        return there[np.searchsorted(wanted, asked)]


def learn(store: Dataset, progress: Callable[[int], None] = lambda done: None) -> Learnt:
    """The steps of a store's training pieces; `progress` is told how many there were."""
    return Learnt(np.concatenate([np.empty(0, np.uint16), *_symbols_in(store, progress)]))


def _symbols_in(store: Dataset, progress: Callable[[int], None]) -> Iterator[Symbols]:
    rows = store.with_format("numpy")
    for done, index in enumerate(split(store).training, 1):
        sheet = Sheet.of(rows[index])
        yield symbols_of(sheet.columns(0, len(sheet.meters)))
        progress(done)


def symbols_of(notes: Notes) -> Symbols:
    """The steps of one piece's notes [n, 5] (fields as in a score), after a PARTING."""
    notes = notes[notes[:, 1] != DRUMS]
    notes = notes[np.lexsort((notes[:, 2], notes[:, 0]))]
    if not len(notes):
        return np.empty(0, np.uint16)
    intervals = np.diff(notes[:, 2]) + 128
    times = np.clip(np.diff(notes[:, 0] // SIXTEENTH), 0, STEPS_IN_TIME - 1)
    return np.concatenate([[PARTING], intervals * STEPS_IN_TIME + times]).astype(np.uint16)


def _columns(score: Score) -> Notes:
    return np.array(score.notes, dtype=np.int64).reshape(-1, 5)


def _is_run(symbols: Symbols, steps: int) -> NDArray[np.bool_]:
    """Where so many steps follow that lie in one piece [symbols - steps + 1]."""
    partings = np.concatenate([[0], np.cumsum(symbols == PARTING)])
    runs: NDArray[np.bool_] = partings[steps:] == partings[: max(0, len(partings) - steps)]
    return runs


def _hashes(symbols: Symbols, steps: int) -> Hashes:
    """The hash of each `steps` symbols in a row [symbols - steps + 1], from those of halves."""
    if steps == 1:
        return HASHES[symbols]
    half = steps // 2
    shorter = _hashes(symbols, half)
    longer = shorter if half * 2 == steps else _hashes(symbols, steps - half)
    count = max(0, len(symbols) - steps + 1)
    return longer[:count] * _power(half) + shorter[steps - half :][:count]


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(int(BASE), exponent, 2**64))
