"""A score as somebody might play it: keys go down beside their time, and up before theirs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from meloformer.model.score import Note
from meloformer.model.vocabulary import DRUMS

LEAST_S = 0.03  # for which a key is down


@dataclass(frozen=True, slots=True)
class Player:
    """Standard deviations in seconds, and for which share of a note a key is down, at least."""

    scatter_s: float = 0.015
    release_s: float = 0.02
    held: float = 0.75


class Touch(NamedTuple):
    """A key goes down (or up) at `seconds`, for a note of the score, whose number tells it from others."""

    seconds: float
    is_down: bool
    number: int
    note: Note


def touches(
    notes: Iterable[Note], player: Player, seconds_at: Callable[[float], float], chance: random.Random
) -> list[Touch]:
    """What a player does, in time order. `seconds_at`: of a tick, which need not be whole."""

    def played() -> Iterator[Touch]:
        for number, note in enumerate(notes):
            length = (note.end - note.onset) * chance.uniform(player.held, 1.0)
            down = seconds_at(note.onset) + chance.gauss(0.0, player.scatter_s)
            up = seconds_at(note.onset + length) + chance.gauss(0.0, player.release_s)
            yield Touch(down, True, number, note)
            if note.instrument != DRUMS:
                yield Touch(max(up, down + LEAST_S), False, number, note)

    return sorted(played())


def held_out(data: Any, on_grid: bool) -> Iterator[Any]:
    """The held-out pieces of a data set, without those that are not written on a grid if so wished."""
    from meloformer.training.rows import piece_of
    from meloformer.training.split import split

    for index in split(data).held_out:
        piece = piece_of(data[index])
        if piece.score.notes and (not on_grid or is_on_grid(piece.score.notes)):
            yield piece


def is_on_grid(notes: Iterable[Note]) -> bool:
    """Whether nearly all notes begin on thirty-seconds or triplets of sixteenths."""
    onsets = [note.onset for note in notes]
    return sum(onset % 3 == 0 or onset % 4 == 0 for onset in onsets) >= 0.98 * len(onsets)
