"""A preset answers held-out prompts, and is set beside real music, a copy and another piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from meloformer.presets.preset import Preset
from meloformer.scripts.answers import Ask, answers
from meloformer.scripts.options import Device
from meloformer.scripts.progress import moving
from meloformer.scripts.tables import Grid
from meloformer.training.comparison import (
    COPIED_RUN,
    COPY,
    LONG_RUN,
    OTHER,
    REAL,
    UNHEARD_RUN,
    Comparison,
    compared,
)
from meloformer.training.copied import learn
from meloformer.training.endings import Ending, ending_of
from meloformer.training.hazards import ANSWER_BARS, MOST_REPEATS, Hazards, hazards_of
from meloformer.training.journey import BARS, Journey, journeys
from meloformer.training.measures import MEASURES
from meloformer.training.prompts import HEARD, Prompt, fixed_prompts, last_bars, random_prompts

if TYPE_CHECKING:
    from datasets import Dataset

    from meloformer.model.score import Score

SEEDS: Final = (1, 2, 3)
RANDOM_TO_ONE: Final = 21  # random prompts for each fixed one: 504 for 24
FIXED_TO_LONG: Final = 3  # fixed prompts for each long one: 8 for 24


@dataclass(frozen=True, slots=True)
class Audition:
    """What a preset answered and what it measured; from `hazards` on only after a thorough one."""

    preset: str
    comparison: Comparison
    answers: Sequence[Sequence[Score]]  # for each prompt, for each of SEEDS
    hazards: dict[str, Hazards] = field(default_factory=dict)
    journey: Journey | None = None
    endings: dict[str, Ending] = field(default_factory=dict)

    def grids(self) -> Iterator[Grid]:
        """The tables, in reading order."""
        yield _measured(self.comparison)
        yield _shares(self.comparison, self.preset)
        if self.journey:
            yield _hazards(self.hazards)
            yield _journey(self.journey)
            yield _endings(self.endings)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, and which prompts they are from."""
        return {
            "prompts": [prompt.title for prompt in self.comparison.prompts],
            "seeds": list(SEEDS),
            "measures": self.comparison.as_json(),
            "hazards": {who: one.as_json() for who, one in self.hazards.items()},
            "long": self.journey.as_json() if self.journey else {},
            "endings": {what: one.as_json() for what, one in self.endings.items()},
        }


def audition(preset: Preset, store: Dataset, prompts: int, thorough: bool, device: Device) -> Audition | None:
    """Let a preset answer so many of the fixed prompts, by its own limits; None where none suits it.

    A `thorough` one also counts the hazards over random prompts, lets the preset answer 64 bars, and has its
    answers close. All others are not to close: what they are compared with goes on.
    """
    chosen = fixed_prompts(store, prompts, suits=preset.suits)
    if not chosen:
        return None
    asks = [Ask(prompt.heard, len(prompt.real.meters), seed) for prompt in chosen for seed in SEEDS]
    given = _answers("prompts", preset, asks, device)
    of_each = [given[at : at + len(SEEDS)] for at in range(0, len(given), len(SEEDS))]
    with moving("training pieces", len(store)) as show:
        learnt = learn(store, lambda done: show(done, f"{done} pieces to compare with"))
    comparison = compared(chosen, {preset.name: of_each}, learnt)
    if not thorough:
        return Audition(preset.name, comparison, of_each)
    hazards = _tempted(preset, store, prompts * RANDOM_TO_ONE, device)
    journey = _travelled(preset, store, prompts, device)
    endings = _ended(preset, store, chosen, [each[0] for each in of_each], device)
    return Audition(preset.name, comparison, of_each, hazards, journey, endings)


def _answers(what: str, preset: Preset, asks: Sequence[Ask], device: Device) -> list[Score]:
    with moving(what, len(asks)) as show:
        return answers(preset, asks, device, lambda done: show(done, f"{done} of {len(asks)} answers"))


def _tempted(preset: Preset, store: Dataset, count: int, device: Device) -> dict[str, Hazards]:
    """The hazards over random prompts, of the preset and of what really followed."""
    prompts = list(random_prompts(store, count, HEARD, ANSWER_BARS, preset.suits))
    asks = [Ask(prompt.heard, ANSWER_BARS, seed) for seed, prompt in enumerate(prompts, 1)]
    given = _answers("random prompts", preset, asks, device)
    heard = [prompt.heard for prompt in prompts]
    return {
        "real": hazards_of(heard, [prompt.real for prompt in prompts]),
        preset.name: hazards_of(heard, given),
    }


def _travelled(preset: Preset, store: Dataset, prompts: int, device: Device) -> Journey | None:
    most = max(1, prompts // FIXED_TO_LONG)
    chosen: list[Prompt] = fixed_prompts(store, most, HEARD, BARS, preset.suits)
    if not chosen:
        return None
    given = _answers("long answers", preset, [Ask(prompt.heard, BARS, SEEDS[0]) for prompt in chosen], device)
    return journeys(chosen, {preset.name: given})


def _ended(
    preset: Preset, store: Dataset, prompts: Sequence[Prompt], open_ones: Sequence[Score], device: Device
) -> dict[str, Ending]:
    """How answers that close end, and those that do not, beside pieces and bars from their middle."""
    heard = [prompt.heard for prompt in prompts]
    asks = [Ask(prompt.heard, len(prompt.real.meters), SEEDS[0], closes=True) for prompt in prompts]
    closed = _answers("answers that close", preset, asks, device)
    pieces = last_bars(store, len(prompts), suits=preset.suits)
    return {
        "ends of pieces": ending_of((piece.heard, piece.real) for piece in pieces),
        "bars from their middle": ending_of((prompt.heard, prompt.real) for prompt in prompts),
        f"{preset.name}, closing": ending_of(zip(heard, closed, strict=True)),
        f"{preset.name}, going on": ending_of(zip(heard, open_ones, strict=True)),
    }


def _measured(comparison: Comparison) -> Grid:
    names = [*MEASURES, COPIED_RUN, UNHEARD_RUN]
    title = (
        f"Answers to {len(comparison.prompts)} held-out prompts: mean (median distance from the true bars)"
    )
    rows = [[name, *(_cell(comparison, who, name) for who in comparison.values)] for name in names]
    return Grid(title, ["", *comparison.values], rows)


def _cell(comparison: Comparison, who: str, name: str) -> str:
    z = comparison.median_z(who, name)
    return f"{comparison.mean(who, name):.2f}" + ("" if z != z else f" ({z:.1f})")


def _shares(comparison: Comparison, preset: str) -> Grid:
    rows = [
        ["nearer to the true bars than another piece", _percent(comparison.nearer_than(preset, OTHER))],
        ["nearer to the true bars than a copy", _percent(comparison.nearer_than(preset, COPY))],
        [f"longest run from training under {LONG_RUN} notes", _percent(comparison.original(preset))],
        ["the same of the true bars", _percent(comparison.original(REAL))],
        ["longest such run that was not heard before", _percent(comparison.original(preset, UNHEARD_RUN))],
        ["the same of the true bars", _percent(comparison.original(REAL, UNHEARD_RUN))],
    ]
    return Grid("Share of answers", ["", preset], rows)


def _hazards(hazards: dict[str, Hazards]) -> Grid:
    count = next(iter(hazards.values())).answers
    rows = [
        [
            who,
            *(f"{_percent(one.rate(name))} ({getattr(one, name)})" for name in ("empty", "runaway", "stuck")),
        ]
        for who, one in hazards.items()
    ]
    columns = ["", "empty", "runaway density", f"a bar more than {MOST_REPEATS} times"]
    return Grid(f"{count} answers of {ANSWER_BARS} bars to random prompts", columns, rows)


def _journey(journey: Journey) -> Grid:
    rows = [[who, f"{journey.error(who):.3f}", _percent(journey.parts[who])] for who in journey.curves]
    return Grid(f"Answers of {BARS} bars", ["", "similarity error", "parts that still play"], rows)


def _endings(endings: dict[str, Ending]) -> Grid:
    rows = [
        [what, _percent(one.bass), _percent(one.home), f"{one.rest:.1f}"] for what, one in endings.items()
    ]
    columns = [
        "",
        "bass on the key's root",
        "last notes in its triad",
        "beats from last onset to end",
    ]
    return Grid("How they end", columns, rows)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
