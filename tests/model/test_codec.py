"""Music to tokens and back: nothing on the grid is lost, however it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.decoder import decode
from meloformer.model.encoder import EncodeError
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.model.telling import Telling, encode
from music import COMMON, scores, tellings

TEMPO = (TempoChange(0, 70),)
PIANO, BASS = 0, 33


def as_told(score: Score, telling: Telling) -> Score:
    """The normal form: a note that is held over the edge of a missing span ends there."""
    if telling.missing is None:
        return score
    edges = [score.bar_starts[bar] for bar in telling.missing]
    cut = (
        note
        if note.instrument == v.DRUMS
        else note._replace(end=min([note.end, *(edge for edge in edges if edge > note.onset)]))
        for note in score.notes
    )
    return Score(score.meters, score.tempos, tuple(sorted(cut)))


@given(scores())
def test_decoding_gives_back_what_was_encoded(score: Score) -> None:
    assert decode(encode(score)) == score


@given(scores())
def test_a_piece_without_its_end_token_is_the_same_piece(score: Score) -> None:
    assert [*encode(score, end=False), v.EOS] == encode(score)
    assert decode(encode(score, end=False)) == score


@given(st.data())
def test_chords_given_parts_and_moved_bars_change_the_telling_not_the_music(data: st.DataObject) -> None:
    score = data.draw(scores())
    telling = data.draw(tellings(score))
    assert decode(encode(score, telling)) == as_told(score, telling)


def test_a_bar_is_told_as_the_grammar_in_the_docs_says() -> None:
    notes = (
        *(Note(0, PIANO, 60, 24, 20), Note(0, PIANO, 64, 96, 20), Note(24, PIANO, 60, 48, 25)),
        *(Note(24, BASS, 36, 48, 20), Note(48, v.DRUMS, 38, 54, 20)),
    )
    words = [v.describe(token) for token in encode(Score((COMMON, COMMON), TEMPO, notes))]
    assert " | ".join(words) == (
        "BOS | BAR | NUM 3 | DEN 2 | POS 0 | TEMPO 70 | INST 0 | VEL 20 | ON 60 | ON 64 | "
        "POS 24 | VEL 25 | ON 60 | INST 33 | VEL 20 | ON 36 | "
        "POS 48 | INST 0 | OFF 60 | INST 33 | OFFALL | INST 128 | VEL 20 | D 38 | "
        "BAR | POS 0 | INST 0 | OFFALL | EOS"
    )


def test_an_empty_bar_is_one_token() -> None:
    score = Score((COMMON,) * 4, TEMPO, (Note(0, PIANO, 60, 12, 20),))
    assert encode(score)[-4:] == [v.BAR, v.BAR, v.BAR, v.EOS]
    assert decode(encode(score)) == score


def test_a_note_across_bar_lines_to_the_very_end_keeps_its_length() -> None:
    score = Score((COMMON, Meter(7, 8), Meter(1, 32)), TEMPO, (Note(95, PIANO, 60, 96 + 84 + 3, 20),))
    assert decode(encode(score)) == score


def test_a_re_strike_is_its_own_release() -> None:
    score = Score((COMMON,), TEMPO, (Note(0, PIANO, 60, 24, 20), Note(24, PIANO, 60, 48, 20)))
    tokens = encode(score)
    assert v.OFF.id(60) not in tokens
    assert tokens.count(v.ON.id(60)) == 2
    assert decode(tokens) == score


def test_a_missing_span_is_told_after_what_follows_it() -> None:
    notes = tuple(Note(96 * bar, PIANO, 60 + bar, 96 * bar + 24, 20) for bar in range(4))
    tokens = encode(Score((COMMON,) * 4, TEMPO, notes), Telling(missing=(1, 3)))
    struck = [token - v.ON.start for token in tokens if token in v.ON]
    assert struck == [60, 63, 61, 62]
    assert tokens.index(v.ON.id(63)) > tokens.index(v.FUTURE)
    assert tokens.index(v.ON.id(61)) > tokens.index(v.PRESENT)


def test_given_parts_are_told_first_in_their_bar() -> None:
    notes = (Note(0, PIANO, 60, 24, 20), Note(48, BASS, 36, 72, 20))
    tokens = encode(Score((COMMON,), TEMPO, notes), Telling(given=[frozenset({BASS})]))
    order = [tokens.index(token) for token in (v.GIVEN, v.ON.id(36), v.MADE, v.ON.id(60))]
    assert order == sorted(order)


@pytest.mark.parametrize("missing", [(2, 4), (1, 1), (3, 2), (-1, 2), (0, 5)])
def test_a_missing_span_must_have_bars_in_it_and_after_it(missing: tuple[int, int]) -> None:
    score = Score((COMMON,) * 4, TEMPO, ())
    with pytest.raises(EncodeError, match="missing span"):
        encode(score, Telling(missing=missing))


def test_a_piece_without_bars_is_refused() -> None:
    with pytest.raises(EncodeError, match="no bars"):
        encode(Score((), TEMPO, ()))
