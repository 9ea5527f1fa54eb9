"""Which music a preset is made for: what its players, or the programs it names, have families for."""

from __future__ import annotations

import pytest

from meloformer.presets import SHIPPED
from meloformer.presets.parts import DRUMS
from meloformer.presets.reader import find, read

PIANO, ORGAN, BASS, VIOLIN, CHOIR, FLUTE, SITAR = 0, 19, 33, 40, 52, 73, 104


@pytest.mark.parametrize(
    ("name", "own", "foreign"),
    [
        ("band", [{PIANO, BASS, DRUMS}, {FLUTE, VIOLIN, CHOIR}, {DRUMS}, {SITAR}], []),
        ("keys", [{PIANO}, {PIANO, ORGAN}], [{PIANO, VIOLIN}, {DRUMS}, {SITAR}]),
        ("drums", [{DRUMS}], [{PIANO}, {DRUMS, BASS}]),
        ("ensemble", [{VIOLIN}, {CHOIR, ORGAN}], [{VIOLIN, FLUTE}, {VIOLIN, DRUMS}]),
    ],
)
def test_each_shipped_preset_is_for_the_families_of_its_players(
    name: str, own: list[set[int]], foreign: list[set[int]]
) -> None:
    preset = read(find(name, SHIPPED))
    assert all(preset.suits(heard) for heard in own)
    assert not any(preset.suits(heard) for heard in foreign)
