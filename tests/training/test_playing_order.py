"""Which bar comes next: repeats, endings, da capo and coda, as a player reads them."""

from __future__ import annotations

import pytest

from meloformer.training.playing_order import NOTHING, Marks, playing_order

END_1, END_2, END_3 = (Marks(endings=frozenset({turn})) for turn in (1, 2, 3))
BACK = Marks(backward=2)
BACK_1, BACK_12 = Marks(backward=2, endings=frozenset({1})), Marks(backward=2, endings=frozenset({1, 2}))


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        ([NOTHING, BACK, NOTHING], [0, 1, 0, 1, 2]),
        ([NOTHING, BACK, NOTHING, BACK], [0, 1, 0, 1, 2, 3, 2, 3]),
        ([NOTHING, Marks(backward=4)], [0, 1] * 4),
        ([NOTHING, END_1, BACK_1, END_2, BACK], [0, 1, 2, 0, 3, 4, 4]),
        ([NOTHING, BACK_12, END_3], [0, 1, 0, 1, 0, 2]),
        ([NOTHING, BACK_1, NOTHING, BACK], [0, 1, 0, 2, 3, 2, 3]),
        ([NOTHING, Marks(fine=True), Marks(jump="dacapo")], [0, 1, 2, 0, 1]),
        ([BACK, Marks(fine=True), Marks(jump="dacapo")], [0, 0, 1, 2, 0, 1]),
        ([NOTHING, BACK_1, END_2, Marks(jump="dacapo")], [0, 1, 0, 2, 3, 0, 2, 3]),
        (
            [
                NOTHING,
                Marks(segno=True),
                Marks(tocoda=True),
                Marks(jump="dalsegno"),
                Marks(coda=True),
                NOTHING,
            ],
            [0, 1, 2, 3, 1, 2, 4, 5],
        ),
        ([Marks(forward=True), Marks(forward=True), BACK, BACK], [0, 1, 2, 1, 2, 3, 3]),
    ],
)
def test_bars_are_played_in_the_order_that_their_marks_say(bars: list[Marks], played: list[int]) -> None:
    assert playing_order(bars, 100) == played
