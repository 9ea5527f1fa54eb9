"""Music for tests: Hypothesis strategies of scores on the grid, and small networks that know nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.arrays import Arrays
from meloformer.model.events import BarStart, Event
from meloformer.model.layout import Document, Row
from meloformer.model.listener import Listener
from meloformer.model.masks import Columns
from meloformer.model.network import Network
from meloformer.model.score import DRUM_TICKS, Meter, Note, Score, TempoChange
from meloformer.model.shape import Shape
from meloformer.model.telling import Telling, by_bar, encode

METERS = tuple(
    meter
    for numerator in range(1, v.NUMERATORS + 1)
    for denominator in v.DENOMINATORS
    if (meter := Meter(numerator, denominator)).is_encodable
)
COMMON = Meter(4, 4)
TINY = Shape(width=64, layers=2, kv_heads=1)


@st.composite
def scores(draw: st.DrawFn, most_bars: int = 5, most_notes: int = 30) -> Score:
    """Any meters with changes, empty bars, tempo changes, up to 16 parts and drums, chords, re-strikes."""
    meters = draw(st.lists(meter_runs(), min_size=1, max_size=most_bars).map(_flat))
    ticks = sum(meter.ticks for meter in meters)
    parts = [*draw(st.lists(st.integers(0, 127), max_size=16, unique=True)), v.DRUMS]
    strikes = st.tuples(
        st.integers(0, ticks - 1) | st.integers(0, (ticks - 1) // 12).map(lambda eighth: eighth * 12),
        st.sampled_from(parts),
        st.integers(58, 63) | st.integers(0, 127),
        st.integers(1, ticks) | st.integers(1, 48),
        st.integers(0, v.VELOCITIES - 1),
    )
    struck = draw(st.lists(strikes, max_size=most_notes))
    changes = draw(
        st.dictionaries(st.integers(1, max(1, ticks - 1)), st.integers(0, v.TEMPOS - 1), max_size=3)
    )
    first = draw(st.integers(0, v.TEMPOS - 1))
    return Score(tuple(meters), tempos({0: first, **changes}, ticks), notes(struck, ticks))


def meter_runs() -> st.SearchStrategy[list[Meter]]:
    """A few bars of one meter."""
    common = st.sampled_from((Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(7, 8)))
    return st.tuples(common | st.sampled_from(METERS), st.integers(1, 2)).map(lambda run: [run[0]] * run[1])


def _flat(runs: list[list[Meter]]) -> list[Meter]:
    return [meter for run in runs for meter in run]


def tempos(changes: dict[int, int], ticks: int) -> tuple[TempoChange, ...]:
    """Tempo changes in time order inside the piece, without those that change nothing."""
    ordered = [TempoChange(tick, changes[tick]) for tick in sorted(changes) if tick < ticks]
    return tuple(next(run) for _, run in groupby(ordered, key=lambda change: change.step))


def notes(struck: Sequence[tuple[int, int, int, int, int]], ticks: int) -> tuple[Note, ...]:
    """Strikes (onset, instrument, pitch, length, velocity) as notes that do not overlap in one pitch."""
    unique = {strike[:3]: strike for strike in struck}
    kept: list[Note] = []
    for onset, instrument, pitch, length, velocity in unique.values():
        after = [at for at, who, what in unique if (who, what) == (instrument, pitch) and at > onset]
        end = min([onset + length, ticks, *after])
        kept.append(
            Note(onset, instrument, pitch, onset + DRUM_TICKS if instrument == v.DRUMS else end, velocity)
        )
    return tuple(sorted(kept))


@st.composite
def tellings(draw: st.DrawFn, score: Score) -> Telling:
    """Chords in some bars, given parts in some bars, and perhaps missing bars that are told last."""
    bars, parts = len(score.meters), score.instruments()
    chord = st.none() | st.integers(0, v.CHORD.size - 1)
    chords = draw(st.none() | st.lists(chord, min_size=bars, max_size=bars))
    some = st.frozensets(st.sampled_from(parts)) if parts else st.just(frozenset[int]())
    given = draw(st.none() | st.lists(st.none() | some, min_size=bars, max_size=bars))
    if bars < 2 or draw(st.booleans()):
        return Telling(chords, given)
    first = draw(st.integers(0, bars - 2))
    return Telling(chords, given, (first, draw(st.integers(first + 1, bars - 1))))


def told(score: Score) -> list[Event]:
    """All events of a score with its bar lines, as a live conversation would bring them."""
    events: list[Event] = []
    for start, meter, inside in zip(score.bar_starts, score.meters, by_bar(score), strict=False):
        events += [BarStart(start, meter), *inside]
    return events


def network(shape: Shape = TINY, seed: int = 0) -> Network:
    """A network whose every weight is drawn by chance, so that nothing in it is silent."""
    made = Network(shape)
    generator = torch.Generator().manual_seed(seed)
    for parameter in made.parameters():
        drawn = torch.randn(parameter.shape, generator=generator)
        is_gain = parameter.ndim == 3  # how sharply a head looks
        parameter.data = 1 + 0.3 * drawn if is_gain else drawn * 1.5 * parameter.shape[-1] ** -0.5
    return made.eval().requires_grad_(False)


def piece(seed: int, bars: int = 6, density: int = 6) -> Score:
    """A piece by chance: three parts and drums, some bars empty, `density` notes in the others."""
    chance = random.Random(seed)
    struck = [
        (
            bar * COMMON.ticks + chance.randrange(0, COMMON.ticks, 6),
            chance.choice((0, 0, 33, 73, v.DRUMS)),
            chance.randrange(40, 80),
            chance.randrange(6, 150),
            chance.randrange(v.VELOCITIES),
        )
        for bar in range(bars)
        for _ in range(density if chance.random() < 0.85 else 0)
    ]
    ticks = bars * COMMON.ticks
    return Score((COMMON,) * bars, tempos({0: 70, ticks // 2: 80}, ticks), notes(struck, ticks))


def document(seed: int, bars: int = 6, missing: tuple[int, int] | None = None, density: int = 6) -> Document:
    """A piece told with chords, given parts and perhaps a missing span."""
    score = piece(seed, bars, density)
    given = [frozenset({33, v.DRUMS}) if bar % 2 else None for bar in range(bars)]
    chords = [bar % v.CHORD.size if bar % 3 else None for bar in range(bars)]
    gap = missing[1] - missing[0] if missing else 0
    return Document(encode(score, Telling(chords, given, missing)), gap)


def columns(rows: Sequence[Row], summaries: int) -> Columns:
    """Rows as one batch."""
    return Columns.of(torch.from_numpy(np.stack([row.columns for row in rows])), summaries)


def arrays(of: Network) -> Arrays:
    """The same network in plain arrays."""
    return Arrays(of.shape, {name: tensor.numpy() for name, tensor in of.state_dict().items()})


def counted_reads(listener: Listener) -> list[int]:
    """How many tokens the network reads at a time, from now on."""
    reads: list[int] = []
    reader: Any = listener._reader
    read = reader.read

    def counting(tokens: Any, places: Any) -> None:
        reads.append(len(tokens))
        read(tokens, places)

    reader.read = counting
    return reads
