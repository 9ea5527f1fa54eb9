"""The rules of an answer as plain JSON data and back; what is out of range is refused."""

from __future__ import annotations

from typing import Any

from meloformer.model.limits import Playing, Rules
from meloformer.model.vocabulary import CHORD, INSTRUMENTS


def rules_line(rules: Rules) -> list[Any]:
    """[scale, grid, chords, playing, others, closes] of lists, numbers, texts, truth values and null."""
    playing = [[instrument, *_playing_line(playing)] for instrument, playing in rules.playing]
    return [rules.scale, rules.grid, rules.chords, playing, _playing_line(rules.others), rules.closes]


def rules_from(data: object) -> Rules:
    """The rules that `rules_line` wrote; raises ValueError for anything else."""
    scale, grid, chords, playing, others, closes = _list(data, 6)
    return Rules(
        scale=None if scale is None else tuple(_whole(each, 0, 11) for each in _list(scale)),
        grid=grid if isinstance(grid, str) else "",
        chords=tuple(_whole(each, 0, CHORD.size - 1) for each in _list(chords)),
        playing=tuple(
            (_whole(instrument, 0, INSTRUMENTS - 1), _playing(rest))
            for instrument, *rest in (_list(each, 6) for each in _list(playing))
        ),
        others=_playing(others),
        closes=_truth(closes),
    )


def _playing_line(playing: Playing) -> list[Any]:
    return [playing.pitches, playing.polyphony, playing.density, playing.velocities, playing.silent]


def _playing(data: object) -> Playing:
    pitches, polyphony, density, velocities, silent = _list(data, 5)
    return Playing(
        pitches=tuple(_span(each, 0) for each in _list(pitches)),
        polyphony=None if polyphony is None else _whole(polyphony, 1, 128),
        density=None if density is None else _density(density),
        velocities=_span(velocities, 1),
        silent=_truth(silent),
    )


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError(f"expected true or false, not {value!r:.40}")
    return value


def _list(value: object, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or length not in (None, len(value)):
        raise ValueError(f"expected a list, not {value!r:.40}")
    return value


def _whole(value: object, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"expected a whole number from {low} to {high}, not {value!r:.40}")
    return value


def _span(value: object, least: int) -> tuple[int, int]:
    low, high = (_whole(end, least, 127) for end in _list(value, 2))
    if low > high:
        raise ValueError(f"{low} lies above {high}")
    return low, high


def _density(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1024:
        raise ValueError(f"expected a number above 0 to 1024, not {value!r:.40}")
    return float(value)
