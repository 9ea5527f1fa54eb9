"""The piano roll."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import pytest

from meloformer.model.score import Meter, Score, TempoChange
from meloformer.model.vocabulary import DRUMS
from meloformer.scripts.phrase import phrase
from meloformer.scripts.picture import COLOURS, draw, name_of

ANSWER_SHADE = "#fff3c4"


def colours_of(path: Path) -> set[str]:
    """Every colour in a picture, as #rrggbb."""
    pixels = (matplotlib.image.imread(path)[..., :3] * 255).round().astype(int).reshape(-1, 3)
    return {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in set(map(tuple, pixels.tolist()))}


def test_a_piano_roll_shows_the_notes_and_shades_the_answer(tmp_path: Path) -> None:
    draw(phrase(), 2, tmp_path / "roll.png", "a title")
    assert ANSWER_SHADE in colours_of(tmp_path / "roll.png")


def test_without_an_answer_nothing_is_shaded(tmp_path: Path) -> None:
    draw(phrase(), len(phrase().meters), tmp_path / "roll.png", "")
    assert ANSWER_SHADE not in colours_of(tmp_path / "roll.png")


def test_a_score_without_notes_can_be_drawn(tmp_path: Path) -> None:
    draw(Score((Meter(3, 4),), (TempoChange(0, 64),), ()), 1, tmp_path / "roll.png", "")
    assert (tmp_path / "roll.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("instrument", "name"),
    [(0, "piano (0)"), (33, "bass (33)"), (127, "sound effects (127)"), (DRUMS, "drums")],
)
def test_instruments_are_called_by_their_family(instrument: int, name: str) -> None:
    assert name_of(instrument) == name


def test_neighbouring_parts_differ_in_colour() -> None:
    assert len(set(COLOURS)) == len(COLOURS) >= 8
