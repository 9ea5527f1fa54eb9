"""What limits cost: the microseconds that the mask of one token takes, under each rule and under all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from meloformer.model.grammar import Grammar
from meloformer.model.limiter import Limiter
from meloformer.model.limits import Limits, Playing, Rules
from meloformer.model.telling import encode
from meloformer.presets.reader import find, read
from meloformer.scripts.continuation import hear
from meloformer.scripts.options import Device
from meloformer.scripts.phrase import phrase
from meloformer.scripts.player import player

C_MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
ALL: Final = Playing(pitches=((36, 84),), polyphony=4, density=4.0, velocities=(40, 100))
CASES: Final[Mapping[str, Rules]] = MappingProxyType(
    {
        "none": Rules(),
        "pitch_range": Rules(others=Playing(pitches=((48, 72),))),
        "scale": Rules(scale=C_MAJOR),
        "polyphony": Rules(others=Playing(polyphony=2)),
        "density": Rules(others=Playing(density=2.0)),
        "velocity_range": Rules(others=Playing(velocities=(40, 100))),
        "grid": Rules(grid="eighth"),
        "chords": Rules(chords=(81, 45, 0, 63)),
        "all": Rules(C_MAJOR, "sixteenth", (81, 45, 0, 63), others=ALL),
    }
)


def measure(preset: str, presets: Path, bars: int, device: Device) -> Iterator[dict[str, Any]]:
    """One record for each rule: the mask alone over one piece, and whole tokens of an answer under it."""
    settings = read(find(preset, presets))
    for name, rules in CASES.items():
        performer = player(settings, settings.sampling, device)
        performer.limits = Limits(rules=rules)
        hear(performer, phrase())
        performer.catch_up()
        before, began_s = len(performer.tokens), time.perf_counter()
        notes = sum(1 for _ in performer.answer(bars))
        seconds, tokens = time.perf_counter() - began_s, len(performer.tokens) - before
        yield {
            "measure": "limits",
            "limit": name,
            "mask_us": round(_mask_s(rules) * 1e6, 1),
            "token_us": round(seconds / tokens * 1e6, 1),
            "tokens": tokens,
            "events": notes,
        }


def _mask_s(rules: Rules) -> float:
    """The seconds that a mask takes at each token of the phrase, on average."""
    grammar, spent, tokens = Grammar(), 0.0, encode(phrase(), end=False)
    limiter = Limiter(Limits(rules=rules), set(phrase().instruments()))
    for token in tokens:
        limiter.saw(grammar.take(token))
        began_s = time.perf_counter()
        limiter.allowed(grammar)
        spent += time.perf_counter() - began_s
    return spent / len(tokens)
