"""Ways of choosing notes, each measured on held-out prompts, to decide a preset's sampling by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from meloformer.presets.preset import Preset, SamplingSettings
from meloformer.presets.reader import find, read
from meloformer.scripts.options import Device
from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from meloformer.model.score import Score
    from meloformer.training.comparison import Comparison
    from meloformer.training.prompts import Prompt

TEMPERATURES: Final = (0.7, 0.8, 0.9, 1.0)
TOP_PS: Final = (0.9, 0.95, 1.0)
MIN_PS: Final = (0.0, 0.05, 0.1)
ECHOES: Final = (0.0, 0.5, 1.0)
MEMORIES: Final = (0.25, 0.5, 1.0)


def measure(preset: str, presets: Path, data: Path, prompts: int, device: Device) -> Iterator[dict[str, Any]]:
    """A record for each way, with the preset's seed: what it says, and every measure's mean.

    `distance` is the mean, over what should lie within the spread of real music, of the median distance from
    what really followed: less is better, and a copy's is in the first record.
    """
    from meloformer.training.comparison import COPY, compared
    from meloformer.training.errors import StoreError
    from meloformer.training.prompts import fixed_prompts
    from meloformer.training.store import open_store

    settings = read(find(preset, presets))
    chosen = fixed_prompts(open_store(data), prompts, suits=settings.suits)
    if not chosen:
        raise StoreError(
            f"{data}: no held-out piece in the families of {preset}'s instruments has 24 bars for a prompt"
        )
    yield {"measure": "sampling", "who": COPY, **_numbers(compared(chosen, {}, None), COPY)}
    for way in ways(settings.sampling):
        answers = _answers(replace(settings, sampling=way), chosen, device)
        comparison = compared(chosen, {preset: [[one] for one in answers]}, None)
        yield {"measure": "sampling", "who": preset, **_said(way), **_numbers(comparison, preset)}


def _said(way: SamplingSettings) -> dict[str, Any]:
    """As the record tells it; `echo` alone is the measure, which bears the control's name."""
    told = asdict(way)
    return {"echo_at": told.pop("echo"), **told}


def ways(usual: SamplingSettings) -> Iterator[SamplingSettings]:
    """Temperature and top_p in every combination, then min_p, echo and memory alone; all else as usual."""
    for temperature, top_p in product(TEMPERATURES, TOP_PS):
        yield replace(usual, temperature=temperature, top_p=top_p)
    yield from (replace(usual, min_p=min_p) for min_p in MIN_PS)
    yield from (replace(usual, echo=echo) for echo in ECHOES)
    yield from (replace(usual, memory=memory) for memory in MEMORIES)


def _answers(settings: Preset, prompts: Sequence[Prompt], device: Device) -> list[Score]:
    from meloformer.scripts.answers import Ask, answers

    seed = settings.sampling.seed
    asks = [Ask(prompt.heard, len(prompt.real.meters), seed) for prompt in prompts]
    with moving("answers", len(asks)) as show:
        return answers(settings, asks, device, lambda done: show(done, f"{done} of {len(asks)}"))


def _numbers(comparison: Comparison, who: str) -> dict[str, Any]:
    from meloformer.training.comparison import COPY, OTHER
    from meloformer.training.measures import WITHIN_REAL

    distances = [comparison.median_z(who, name) for name in WITHIN_REAL]
    means = {name: round(comparison.mean(who, name), 3) for name in comparison.values[who]}
    return {
        "distance": round(sum(distances) / len(distances), 3),
        **means,
        "nearer_than_copy": round(comparison.nearer_than(who, COPY), 3),
        "nearer_than_another": round(comparison.nearer_than(who, OTHER), 3),
    }
