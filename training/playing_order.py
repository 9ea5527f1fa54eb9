"""In which order the bars of a page are played: repeats, endings, da capo and dal segno, coda and fine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

MOST_TURNS = 32  # that a repeat may ask for


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands at a bar of the order of bars.

    `backward` is how often a repeat that ends here is played, 0 for none; `endings` are the turns in which
    the bar is played, none for all; `jump` is "dacapo", "dalsegno" or nothing.
    """

    forward: bool = False
    backward: int = 0
    endings: frozenset[int] = frozenset()
    jump: str = ""
    segno: bool = False
    coda: bool = False
    tocoda: bool = False
    fine: bool = False


NOTHING = Marks()


def merged(parts: Iterable[Sequence[Marks]]) -> list[Marks]:
    """Of each bar what any part says of it: some programs write it in the first part only."""
    return [_together([marks for marks in bar if marks is not None]) for bar in zip_longest(*parts)]


def _together(said: Sequence[Marks]) -> Marks:
    if all(marks == NOTHING for marks in said):
        return NOTHING
    return Marks(
        forward=any(marks.forward for marks in said),
        backward=max(marks.backward for marks in said),
        endings=next((marks.endings for marks in said if marks.endings), frozenset()),
        jump=next((marks.jump for marks in said if marks.jump), ""),
        segno=any(marks.segno for marks in said),
        coda=any(marks.coda for marks in said),
        tocoda=any(marks.tocoda for marks in said),
        fine=any(marks.fine for marks in said),
    )


def playing_order(bars: Sequence[Marks], most: int) -> list[int]:
    """Numbers of bars as they are played; it stops a little behind `most`.

    After a jump back repeats are not played again, and of several endings the last is taken.
    """
    last_turns = _last_turns(bars)
    order: list[int] = []
    at, start, turn, jumped = 0, 0, 1, False
    while at < len(bars) and len(order) <= most:
        marks = bars[at]
        if marks.forward and start != at:
            start, turn = at, 1
        if not marks.endings or (last_turns[at] if jumped else turn) in marks.endings:
            order.append(at)
            if jumped and marks.fine:
                break
            if jumped and marks.tocoda and (coda := _coda_behind(bars, at)):
                at = coda
                continue
            if marks.backward and not jumped and turn < max(marks.backward, last_turns[at]):
                at, turn = start, turn + 1
                continue
            if marks.jump and not jumped:
                at, jumped = _segno(bars) if marks.jump == "dalsegno" else 0, True
                continue
        at += 1
        if (marks.endings or marks.backward) and not (at < len(bars) and marks.endings and bars[at].endings):
            start, turn = at, 1  # what was repeated lies behind
    return order


def _last_turns(bars: Sequence[Marks]) -> list[int]:
    """Of each bar with an ending the highest turn of the endings that stand beside it; 0 for any other."""
    turns: list[int] = []
    for _, group in groupby(bars, key=lambda marks: bool(marks.endings)):
        beside = list(group)
        highest = max(max(marks.endings, default=0) for marks in beside)
        turns += [highest] * len(beside)
    return turns


def _coda_behind(bars: Sequence[Marks], at: int) -> int:
    """The coda behind a bar; 0 where there is none."""
    return next((number for number in range(at + 1, len(bars)) if bars[number].coda), 0)


def _segno(bars: Sequence[Marks]) -> int:
    return next((number for number, marks in enumerate(bars) if marks.segno), 0)
