"""How much of what a hand plays is heard as it was meant, beside hearing it on the nearest tick."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from meloformer.bridge.hand import Hand
from meloformer.model.score import Score, bpm_of
from meloformer.model.vocabulary import TICKS_PER_QUARTER
from meloformer.scripts.by_hand import Player, held_out, touches

BARS: Final = 16  # of each piece, from its middle
SEED: Final = 1
PLAYERS: Final = {
    "15 ms, keys down for 75 to 100 %": Player(),
    "15 ms, keys down for 50 to 100 %": Player(held=0.5),
    "20 ms": Player(scatter_s=0.02),
    "8 ms, keys down for 85 to 100 %": Player(scatter_s=0.008, release_s=0.015, held=0.85),
    "a sequencer, 1 ms": Player(scatter_s=0.001, release_s=0.001, held=1.0),
}


@dataclass(slots=True)
class Heard:
    """Ticks at which one piece was heard, each with the one that was meant."""

    onsets: list[tuple[int, int]] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)

    def shares(self) -> dict[str, float]:
        """Of those heard where they were meant, and of the chords that stayed whole."""
        chords: dict[int, list[int]] = defaultdict(list)
        for heard, meant in self.onsets:
            chords[meant].append(heard)
        whole = [len(set(heard)) == 1 for heard in chords.values() if len(heard) > 1]
        return {
            "onsets": _right(self.onsets),
            "chords": fmean(whole) if whole else 1.0,
            "ends": _right(self.ends) if self.ends else 1.0,
        }


def measure(data: Path) -> Iterator[dict[str, Any]]:
    """One record for each player: means over the held-out pieces that lie on a grid, in percent."""
    from meloformer.training.errors import StoreError
    from meloformer.training.store import open_store

    scores = [_middle(piece.score) for piece in held_out(open_store(data), on_grid=True)]
    scores = [score for score in scores if score.notes]
    if not scores:
        raise StoreError(f"{data}: no held-out piece lies on a grid; add others")
    for name, player in PLAYERS.items():
        chance = random.Random(SEED)
        pairs = [_heard(score, player, chance) for score in scores]
        yield {
            "measure": "heard as it was meant",
            "played": name,
            "pieces": len(pairs),
            **_means("", [by_hand.shares() for by_hand, _ in pairs]),
            **_means("nearest_tick_", [nearest.shares() for _, nearest in pairs]),
        }


def _middle(score: Score) -> Score:
    first = max(0, (len(score.meters) - BARS) // 2)
    return score.bars(first, min(first + BARS, len(score.meters)))


def _heard(score: Score, player: Player, chance: random.Random) -> tuple[Heard, Heard]:
    """The piece as the ear hears it, and on the nearest ticks."""
    tick_s = 60.0 / bpm_of(score.tempo_at(0)) / TICKS_PER_QUARTER
    hand, meant, by_hand, nearest = Hand(), dict[int, int](), Heard(), Heard()
    for touch in touches(score.notes, player, lambda tick: tick * tick_s, chance):
        at, note = touch.seconds / tick_s, touch.note
        if touch.is_down:
            meant[touch.number], hand = hand.strikes(at, tick_s)
            by_hand.onsets.append((meant[touch.number], note.onset))
            nearest.onsets.append((round(at), note.onset))
        else:
            end, hand = hand.lets_go(at, tick_s, meant[touch.number])
            by_hand.ends.append((end, note.end))
            nearest.ends.append((round(at), note.end))
    return by_hand, nearest


def _right(pairs: Sequence[tuple[int, int]]) -> float:
    return fmean(heard == meant for heard, meant in pairs)


def _means(prefix: str, shares: Sequence[dict[str, float]]) -> dict[str, float]:
    return {f"{prefix}{name}": round(100 * fmean(each[name] for each in shares), 1) for name in shares[0]}
