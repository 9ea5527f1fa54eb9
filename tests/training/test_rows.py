"""Pieces as flat numbers: any stretch of bars is what the score has there, in whatever format."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from meloformer.model.chords import label
from meloformer.model.score import Meter, Note, Score, TempoChange
from meloformer.training.rows import Piece, Sheet, piece_of, row_of, table_of
from meloformer.training.store import open_store
from music import scores
from tunes import tune

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def piece(score: Score) -> Piece:
    return Piece("collection", "name", score, tuple(i % 7 for i in range(len(score.meters))), "a.mid", "5a")


@given(scores())
def test_a_row_is_the_whole_piece(score: Score) -> None:
    assert piece_of(row_of(piece(score))) == piece(score)


@given(scores(), st.data())
def test_a_stretch_of_a_row_is_that_stretch_of_the_score(score: Score, data: st.DataObject) -> None:
    one = piece(score)
    first = data.draw(st.integers(0, len(score.meters) - 1))
    stop = data.draw(st.integers(first + 1, len(score.meters)))
    sheet = Sheet.at(table_of([row_of(one)]))
    assert sheet.stretch(first, stop) == (score.bars(first, stop), one.chords[first:stop])


def test_a_note_longer_than_sixteen_bits_comes_back() -> None:
    score = Score((Meter(4, 1),) * 300, (TempoChange(0, 70),), (Note(5, 0, 60, 5 + 3 * 2**15, 9),))
    assert piece_of(row_of(piece(score))).score == score


def test_a_store_of_format_1_opens() -> None:
    store = open_store(GOLDEN / "store_format_1")
    assert [piece_of(row) for row in store] == [
        Piece("songs" if seed else "", f"tune{seed}", tune(seed, 2), tuple(label(tune(seed, 2))))
        for seed in range(2)
    ]
    sheet = Sheet.at(store.with_format("arrow")[1])
    assert sheet.stretch(1, 2) == (tune(1, 2).bars(1, 2), tuple(label(tune(1, 2))[1:]))


def test_what_is_read_of_a_store_is_not_copied(store_path: Path) -> None:
    sheet = Sheet.at(open_store(store_path).with_format("arrow")[3])
    assert sheet.notes.dtype == "uint16"
    assert not sheet.notes.flags.owndata
    assert not sheet.notes.flags.writeable


def test_content_is_the_same_in_any_key_but_not_on_another_drum() -> None:
    row = row_of(piece(tune(1)))
    moved = tuple(n._replace(pitch=n.pitch + (7 if n.instrument != 128 else 0)) for n in tune(1).notes)
    drums = tuple(n._replace(pitch=n.pitch + (1 if n.instrument == 128 else 0)) for n in tune(1).notes)
    assert row_of(piece(Score(tune(1).meters, tune(1).tempos, moved)))["content"] == row["content"]
    assert row_of(piece(Score(tune(1).meters, tune(1).tempos, drums)))["content"] != row["content"]
    assert len(row["content"]) == 32
