"""Where tokens stand: order in the row and position in the music are two things."""

from __future__ import annotations

import numpy as np
import pytest

from meloformer.model import vocabulary as v
from meloformer.model.layout import NO_INSTRUMENT, PADDING, Document, Place, Placer, pack
from meloformer.model.telling import Telling, encode
from music import document, piece


def places(*tokens: int, gap: int = 0) -> list[Place]:
    placer = Placer(gap)
    return [placer.push(token) for token in tokens]


HEADER = (v.BOS, v.BAR, v.NUM.id(3), v.DEN.id(2))


def test_a_bar_holds_its_tokens_and_the_opening_before_it() -> None:
    found = places(*HEADER, v.POS.id(12), v.INST.id(33), v.VEL.id(9), v.ON.id(40), v.BAR, v.POS.id(3), v.EOS)
    assert [place.segment for place in found] == [0] * 8 + [1, 1, 1]
    assert [place.bar for place in found] == [0] * 8 + [1, 1, 1]
    assert [place.tick for place in found] == [0, 0, 0, 0, 12, 12, 12, 12, 0, 3, 0]
    free = NO_INSTRUMENT
    assert [place.instrument for place in found] == [*[free] * 5, 33, 33, 33, free, free, free]


def test_made_parts_start_from_the_bar_s_beginning_again() -> None:
    found = places(
        *HEADER, v.GIVEN, v.POS.id(12), v.INST.id(33), v.VEL.id(9), v.ON.id(40), v.MADE, v.POS.id(3)
    )
    assert [place.tick for place in found[-3:]] == [12, 0, 3]
    assert found[-1].instrument == NO_INSTRUMENT


def test_bars_that_are_told_late_stand_where_they_lie_in_the_music() -> None:
    """Two bars, a gap of two, two bars of the future, then the two that were missing."""
    bars = [v.BAR, v.BAR]
    found = places(*HEADER, v.BAR, v.FUTURE, *bars, v.PRESENT, *bars, v.EOS, gap=2)[4:]
    assert [place.segment for place in found] == [1, 2, 2, 3, 4, 4, 5, 5]
    assert [place.bar for place in found] == [1, 4, 4, 5, 2, 2, 3, 3]


def test_a_piece_may_begin_with_its_missing_bars() -> None:
    found = places(v.BOS, v.FUTURE, v.BAR, v.BAR, v.PRESENT, v.BAR, gap=1)[1:]
    assert [(place.segment, place.bar) for place in found] == [(0, 1), (0, 1), (1, 2), (2, 0), (2, 0)]


def test_every_bar_told_has_one_summary_in_the_order_of_telling() -> None:
    told = document(0, bars=6, missing=(2, 4))
    row = pack([told], summaries=8, length=400)
    token, owner, segment, bar, _, _ = row.columns[:, :8]
    assert (token == v.SUMMARY).all()
    assert segment[:6].tolist() == [0, 1, 2, 3, 4, 5]
    assert bar[:6].tolist() == [0, 1, 4, 5, 2, 3]
    assert owner.tolist() == [0] * 6 + [PADDING] * 2


def test_packed_documents_stand_in_the_row_as_they_do_alone() -> None:
    told = [document(seed, bars=4) for seed in range(3)]
    row = pack(told, summaries=16, length=600)
    at, bar_at = 16, 0
    for index, each in enumerate(told):
        alone = pack([each], 4, len(each.tokens)).columns
        inside = [range(bar_at, bar_at + 4), range(at, at + len(each.tokens))]
        together = row.columns[:, [place for span in inside for place in span]]
        assert (np.delete(together, 1, axis=0) == np.delete(alone, 1, axis=0)).all()
        assert (together[1] == index).all()
        at, bar_at = at + len(each.tokens), bar_at + 4


def test_each_target_is_the_next_token_and_none_crosses_into_another_document() -> None:
    told = [document(seed, bars=3) for seed in range(2)]
    row = pack(told, summaries=8, length=400)
    first, second = (list(each.tokens) for each in told)
    expected = [*first[1:], v.PAD, *second[1:], v.PAD]
    assert row.targets[: len(expected)].tolist() == expected
    assert (row.targets[len(expected) :] == v.PAD).all()


def test_documents_that_do_not_fit_are_refused_with_the_way_out() -> None:
    told = document(0, bars=4)
    with pytest.raises(ValueError, match=r"do not fit a row of 10 tokens.*pack fewer"):
        pack([told], summaries=4, length=10)
    with pytest.raises(ValueError, match="3 bars; pack fewer"):
        pack([told], summaries=3, length=1000)


def test_where_a_token_stands_depends_on_nothing_after_it() -> None:
    tokens = encode(piece(3), Telling(missing=(2, 3)))
    whole = places(*tokens, gap=1)
    assert all(places(*tokens[:stop], gap=1) == whole[:stop] for stop in range(1, len(tokens), 7))


def test_an_ended_stream_is_in_the_bar_that_it_ends() -> None:
    row = pack([Document([*HEADER, v.BAR, v.EOS])], summaries=2, length=6)
    assert row.columns[2, -1] == 1
