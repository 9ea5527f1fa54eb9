"""How fast the model answers, and whether that stays the same as the music gets longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from meloformer.presets.reader import find, read
from meloformer.scripts.continuation import hear
from meloformer.scripts.options import Device
from meloformer.scripts.phrase import phrase
from meloformer.scripts.player import player

if TYPE_CHECKING:
    from meloformer.model.performer import Performer

BARS_AT_A_TIME: Final = 8


def measure(preset: str, presets: Path, bars: int, device: Device) -> Iterator[dict[str, Any]]:
    """One record for each few bars of one long answer to the phrase of the demo."""
    from meloformer.model.weights import resolved

    settings = read(find(preset, presets))
    performer = player(settings, settings.sampling, device)
    hear(performer, phrase())
    for done in range(0, bars, BARS_AT_A_TIME):
        speed = _speed(performer, min(BARS_AT_A_TIME, bars - done))
        yield {"measure": "decode", "device": resolved(device), "bars_before": done, **speed}


def _speed(performer: Performer, bars: int) -> dict[str, Any]:
    before, began_s = len(performer.tokens), time.perf_counter()
    events = sum(1 for _ in performer.answer(bars))
    seconds = time.perf_counter() - began_s
    tokens = len(performer.tokens) - before
    return {
        "bars": bars,
        "tokens": tokens,
        "events": events,
        "seconds": round(seconds, 3),
        "tokens_per_second": round(tokens / seconds, 1),
    }
