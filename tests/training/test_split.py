"""Which pieces are held out: the same ones everywhere, and never none of them or all."""

from __future__ import annotations

from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st

from meloformer.training.split import split, tune_of

names = st.lists(
    st.tuples(st.sampled_from(("a", "b", "band_synth")), st.text("abc_", max_size=6)), max_size=40
)


def store_of(pieces: list[tuple[str, str]]) -> Dataset:
    return Dataset.from_dict({"collection": [c for c, _ in pieces], "name": [n for _, n in pieces]})


@given(names)
def test_every_piece_is_on_one_side_and_each_side_has_some_from_two_tunes_on(
    pieces: list[tuple[str, str]],
) -> None:
    parts = split(store_of(pieces))
    assert sorted(parts.training + parts.held_out) == list(range(len(pieces)))
    if len({tune_of(*piece) for piece in pieces}) > 1:
        assert parts.training
        assert parts.held_out


@given(names)
def test_arrangements_of_a_tune_stay_together(pieces: list[tuple[str, str]]) -> None:
    parts = split(store_of(pieces))
    sides = [{tune_of(*pieces[index]) for index in side} for side in (parts.training, parts.held_out)]
    assert not sides[0] & sides[1]


def test_about_two_in_a_hundred_are_held_out() -> None:
    parts = split(store_of([("c", f"piece {number}") for number in range(5000)]))
    assert 60 < len(parts.held_out) < 140


def test_a_piece_stays_on_its_side_when_others_come() -> None:
    many = [("c", f"piece {number}") for number in range(300)]
    held_out = {many[index] for index in split(store_of(many)).held_out}
    more = many + [("d", f"piece {number}") for number in range(300)]
    assert held_out == {more[index] for index in split(store_of(more)).held_out if more[index][0] == "c"}
