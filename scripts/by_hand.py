"""A score as somebody might play it: keys go down beside their time, and up before theirs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from meloformer.model.manner import MOST_ELSEWHERE, PARTS
from meloformer.model.score import Note
from meloformer.model.vocabulary import DRUMS

LEAST_S: Final = 0.03  # for which a key is down
SHORTEST_S: Final = 0.001  # where it is struck again at once


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
    """What a player does, in time order. `seconds_at`: of a tick, which need not be whole.

    A key that is struck again has gone up before.
    """
    played = [(_struck(note, player, seconds_at, chance), number, note) for number, note in enumerate(notes)]
    found: list[Touch] = []
    next_down: dict[tuple[int, int], float] = {}
    for (down, up), number, note in sorted(played, reverse=True):
        key = (note.instrument, note.pitch)
        found.append(Touch(down, True, number, note))
        if note.instrument != DRUMS:
            latest = next_down.get(key, math.inf) - SHORTEST_S
            up = max(min(max(up, down + LEAST_S), latest), down + SHORTEST_S)
            found.append(Touch(up, False, number, note))
        next_down[key] = down
    return sorted(found)


def _struck(
    note: Note, player: Player, seconds_at: Callable[[float], float], chance: random.Random
) -> tuple[float, float]:
    """When the key goes down and up."""
    length = (note.end - note.onset) * chance.uniform(player.held, 1.0)
    down = seconds_at(note.onset) + chance.gauss(0.0, player.scatter_s)
    return down, seconds_at(note.onset + length) + chance.gauss(0.0, player.release_s)


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
    elsewhere = [all(note.onset % part for part in PARTS) for note in notes]
    return sum(elsewhere) <= MOST_ELSEWHERE * len(elsewhere)
