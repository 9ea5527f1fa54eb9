"""Scales and chord progressions as a musician writes them: `C major`, `Am F C G`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meloformer.model.vocabulary import CHORD_QUALITIES, NO_CHORD

ROOTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        letter + sign: (step + shift) % 12
        for letter, step in zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True)
        for sign, shift in (("", 0), ("#", 1), ("b", -1))
    }
)
SCALES: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {
        "major": (0, 2, 4, 5, 7, 9, 11),
        "minor": (0, 2, 3, 5, 7, 8, 10),
        "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
        "melodic minor": (0, 2, 3, 5, 7, 9, 11),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "locrian": (0, 1, 3, 5, 6, 8, 10),
        "major pentatonic": (0, 2, 4, 7, 9),
        "minor pentatonic": (0, 3, 5, 7, 10),
        "blues": (0, 3, 5, 6, 7, 10),
        "whole tone": (0, 2, 4, 6, 8, 10),
    }
)
# What may stand behind a chord's root, and the quality of CHORD that it means: richer chords, the plainer one
# that they colour.
SUFFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "maj", "maj": "maj", "m": "min", "min": "min", "dim": "dim", "aug": "aug", "7": "7",
        "maj7": "maj7", "m7": "min7", "min7": "min7", "m7b5": "hdim7", "hdim7": "hdim7",
        "sus": "sus4", "sus4": "sus4", "7sus4": "sus4", "6": "maj", "add9": "maj", "m6": "min", "min6": "min",
        "9": "7", "13": "7", "maj9": "maj7", "m9": "min7", "min9": "min7", "dim7": "dim",
    }
)  # fmt: skip
SILENT_CHORD: Final = "N"


def scale(name: str) -> tuple[int, ...]:
    """The pitch classes, 0 (C) to 11 and rising, of a scale such as `F# minor`; raises ValueError."""
    root, _, kind = name.partition(" ")
    if root not in ROOTS or kind not in SCALES:
        raise ValueError(f"{name!r} is no scale; a root and one of {', '.join(SCALES)}, such as C major")
    return tuple(sorted((ROOTS[root] + step) % 12 for step in SCALES[kind]))


def progression(text: str) -> tuple[int, ...]:
    """The CHORD row values of chords such as `Am F C G`, with spaces or commas between; raises ValueError."""
    return tuple(chord(name) for name in re.split("[ ,]+", text))


def chord(name: str) -> int:
    """The CHORD row value of one chord, `F#m7`, or `N` for none; raises ValueError.

    A bass that is written below it, as in `C/G`, says nothing of which chord it is.
    """
    if name == SILENT_CHORD:
        return NO_CHORD
    above, slash, bass = name.partition("/")
    root = above[:2] if above[:2] in ROOTS else above[:1]
    suffix = above.removeprefix(root)
    if root not in ROOTS or suffix not in SUFFIXES or (slash and bass not in ROOTS):
        raise ValueError(f"{name!r} is no chord; a root and one of {', '.join(SUFFIXES)}, such as Am, or N")
    return ROOTS[root] * len(CHORD_QUALITIES) + CHORD_QUALITIES.index(SUFFIXES[suffix])
