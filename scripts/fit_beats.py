"""The numbers of `bridge/beat_scores.py`, fitted: `python -m meloformer.scripts.fit_beats FOLDER`.

Phrases are those of `bench_tempo.py`, of the other half of the files; a quarter of them is cut to four to six
beats. Of all grids that a phrase could lie on, the true ones are to have the greatest share (a softmax). All
grids are too many to weigh at once: those that seem likely are gathered, round by round, as the numbers get
better.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

from meloformer.bridge.beat_scores import ACCENTS, BINS, shapes, tempo_terms
from meloformer.bridge.beats import PERIODS, accents_of, is_drums, laid, strikes_of
from meloformer.scripts.bench_tempo import FEWEST_ONSETS, SEED, Phrase, is_unseen, phrases_of

Floats = NDArray[np.float64]

METERS: Final = (4, 3)
MOST_PHRASES: Final = 220  # of each collection
ROUNDS: Final = 7
LIKELY: Final = 70  # grids that each round adds to a phrase's
TRUE: Final = 8
OTHERS: Final = 20
DECAY: Final = 2e-4
NEAR: Final = 0.025  # a period so near to the true one, as a logarithm, is true
SHAPES: Final = {beats: shapes(beats) for beats in METERS}
PLACES: Final = len(ACCENTS) * len(SHAPES[4])
TERMS: Final = 6
SIZE: Final = 2 * PLACES + 2 * TERMS + 1


@dataclass(slots=True)
class Example:
    """A phrase as every grid sees it, which of the grids are true, and those gathered so far."""

    bars: list[Floats]  # for each meter: accents, periods, bins
    terms: Floats  # periods, tempo terms of tones and of drums
    true: NDArray[np.bool_]
    gathered: set[int] = field(default_factory=set)


def main(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="collections of MIDI files")],
) -> None:
    """Print the tables and terms that fit the folder's phrases best."""
    chance = random.Random(SEED)
    found = (example(phrase, chance) for phrase in phrases(folder))
    examples = [each for each in found if each is not None]
    weights = np.zeros(SIZE)
    for turn in range(ROUNDS):
        for each in examples:
            gather(each, weights, OTHERS if turn == 0 else 0, chance)
        weights = fitted(examples, weights)
    tell(weights)


def phrases(folder: Path) -> Iterator[Phrase]:
    for collection in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = phrases_of(collection, lambda name: not is_unseen(name))
        for _, (_, phrase) in zip(range(MOST_PHRASES), found, strict=False):
            yield phrase


def example(phrase: Phrase, chance: random.Random) -> Example | None:
    """A phrase to learn from; None where no grid that is tried is true."""
    onsets = phrase.onsets
    if chance.random() < 0.25:
        end = phrase.beats[chance.randint(4, 6)]
        shorter = tuple(onset for onset in onsets if onset.seconds < end)
        onsets = shorter if len(shorter) >= FEWEST_ONSETS else onsets
    strikes = strikes_of(onsets)
    times, accents = np.array([strike.seconds for strike in strikes]), accents_of(strikes)
    terms = np.zeros((len(PERIODS), 2 * TERMS))
    drums = TERMS * is_drums(accents)
    terms[:, drums : drums + TERMS] = tempo_terms(PERIODS, len(times) / float(times[-1] - times[0])).T
    bars = [laid(times, accents, PERIODS, beats) for beats in METERS]
    true = np.concatenate([_true(phrase, beats, float(times[0])).ravel() for beats in METERS])
    return Example(bars, terms, true) if true.any() else None


def _true(phrase: Phrase, beats: int, since: float) -> NDArray[np.bool_]:
    """Which periods with a line in which bin are as it was. Bars of one or two beats make one of four."""
    true = np.zeros((len(PERIODS), beats * BINS), dtype=bool)
    real = phrase.beats_per_bar
    step = real if beats == 4 and real in (1, 2) else beats
    if real % step or (beats == 4) == (real % 3 == 0):
        return true
    middle = len(phrase.beats) // 2
    for row in np.flatnonzero(abs(np.log(PERIODS * phrase.bpm / 60)) < NEAR):
        for beat in range(phrase.line, len(phrase.beats), step):
            line = phrase.beats[middle] + (beat - middle) * PERIODS[row] - since
            place = int(line / PERIODS[row] * BINS // 1)
            true[row, [(place + off) % (beats * BINS) for off in (-1, 0, 1)]] = True
    return true


def gather(each: Example, weights: Floats, others: int, chance: random.Random) -> None:
    """The grids that seem likeliest join those gathered, and the likeliest of the true ones."""
    scores = np.concatenate([part.ravel() for part in _scores(each, weights)])
    each.gathered.update(np.argpartition(-scores, LIKELY)[:LIKELY].tolist())
    true = np.flatnonzero(each.true)
    each.gathered.update(true[np.argsort(-scores[true])[:TRUE]].tolist())
    each.gathered.update(chance.randrange(len(scores)) for _ in range(others))


def _scores(each: Example, weights: Floats) -> Iterator[Floats]:
    for index, (beats, bars) in enumerate(zip(METERS, each.bars, strict=True)):
        table = weights[index * PLACES : (index + 1) * PLACES].reshape(len(ACCENTS), -1) @ SHAPES[beats]
        spectrum = (np.fft.rfft(bars) * np.fft.rfft(table).conj()[:, None]).sum(axis=0)
        terms = each.terms @ weights[2 * PLACES : -1] + index * weights[-1]
        yield np.fft.irfft(spectrum, n=beats * BINS) + terms[:, None]


def features(each: Example, grid: int) -> Floats:
    """What the score of a grid is made of, each to be weighed by one number."""
    index = int(grid >= len(PERIODS) * METERS[0] * BINS)
    beats = METERS[index]
    row, place = divmod(grid - index * len(PERIODS) * METERS[0] * BINS, beats * BINS)
    found = np.zeros(SIZE)
    bar = np.roll(each.bars[index][:, row], -place, axis=1)
    found[index * PLACES : (index + 1) * PLACES] = (bar @ SHAPES[beats].T).ravel()
    found[2 * PLACES : -1] = each.terms[row]
    found[-1] = index
    return found


def fitted(examples: list[Example], start: Floats) -> Floats:
    """The weights with which the true ones of the gathered grids have the greatest share."""
    import torch

    grids = [sorted(each.gathered) for each in examples]
    shape = (len(examples), max(map(len, grids)))
    x_ENF, true_EN, there_EN = (
        np.zeros((*shape, SIZE), np.float32),
        np.zeros(shape, bool),
        np.zeros(shape, bool),
    )
    for place, (each, mine) in enumerate(zip(examples, grids, strict=True)):
        x_ENF[place, : len(mine)] = [features(each, grid) for grid in mine]
        true_EN[place, : len(mine)], there_EN[place, : len(mine)] = each.true[mine], True
    x, true, there = torch.tensor(x_ENF), torch.tensor(true_EN), torch.tensor(there_EN)
    weights = torch.tensor(start, dtype=torch.float32, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        scores = (x @ weights).masked_fill(~there, -1e9)
        share = torch.logsumexp(scores.masked_fill(~true, -1e9), 1) - torch.logsumexp(scores, 1)
        total = DECAY * (weights[: 2 * PLACES] ** 2).sum() - share.mean()
        total.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return total

    step: Callable[[Callable[[], torch.Tensor]], object] = search.step
    step(loss)
    return weights.detach().double().numpy()


def tell(weights: Floats) -> None:
    for index, name in enumerate(("QUADRUPLE", "TRIPLE")):
        print(name)
        rows = weights[index * PLACES : (index + 1) * PLACES].reshape(len(ACCENTS), -1)
        for accent, row in zip(ACCENTS, rows, strict=True):
            print(f"    {accent:8}" + "".join(f"{number:6.2f}" for number in row))
    for name, numbers in zip(("_TONES", "_DRUMS"), weights[2 * PLACES : -1].reshape(2, TERMS), strict=True):
        print(name, ", ".join(f"{number:.2f}" for number in numbers))
    print("THREES", f"{weights[-1]:.2f}")


if __name__ == "__main__":
    typer.run(main)
