"""Who may play, and what an answer leaves as it is."""

from __future__ import annotations

import pytest

from meloformer.model import vocabulary as v
from meloformer.model.limits import Limits, answer_mask


def players(limits: Limits, *heard: int) -> set[int]:
    mask = answer_mask(limits, set(heard))
    return {instrument for instrument in range(v.INSTRUMENTS) if mask[v.INST.id(instrument)]}


def test_those_who_were_heard_may_play() -> None:
    assert players(Limits(), 3, v.DRUMS) == {3, v.DRUMS}


def test_those_who_are_named_may_play_and_nobody_else() -> None:
    assert players(Limits(frozenset({7})), 3, v.DRUMS) == {7}


def test_where_nobody_was_heard_or_named_everybody_may_play() -> None:
    assert players(Limits()) == set(range(v.INSTRUMENTS))
    assert players(Limits(frozenset()), 3) == set(range(v.INSTRUMENTS))


def test_an_instrument_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="INST takes 0 to 128, not 129"):
        answer_mask(Limits(frozenset({129})), set())


def test_an_answer_keeps_meter_tempo_and_order_and_does_not_end_by_itself() -> None:
    mask = answer_mask(Limits(), {0})
    kinds = {name for name, row in v.TABLE.items() if mask[row.start : row.stop].any()}
    assert kinds >= {"BAR", "POS", "INST", "VEL", "ON", "OFF", "OFFALL", "D"}
    assert not kinds & {"EOS", "BOS", "GIVEN", "MADE", "FUTURE", "PRESENT", "NUM", "DEN", "TEMPO", "CHORD"}
