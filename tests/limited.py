"""Rules by chance, and what an answer must look like that keeps them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from hypothesis import strategies as st

from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, Event, Key, NoteOff, NoteOn
from meloformer.model.limits import GRIDS, Limits, Playing, Rules, playable, playable_velocities
from meloformer.model.sampling import Sampling
from music import piece

DARING = Sampling(temperature=1.5, top_p=1.0, min_p=0.0)  # an untrained network then tries everything
PLAYED = piece(1, bars=2)

spans = st.tuples(st.integers(0, 127), st.integers(0, 127)).map(lambda ends: (min(ends), max(ends)))
loudness = st.tuples(st.integers(1, 127), st.integers(1, 127)).map(lambda ends: (min(ends), max(ends)))
playings = st.builds(
    Playing,
    pitches=st.lists(spans, max_size=3).map(tuple),
    polyphony=st.none() | st.integers(1, 4),
    density=st.none() | st.floats(0.1, 6),
    velocities=st.just((1, 127)) | loudness,
)
rules = st.builds(
    Rules,
    scale=st.none() | st.sets(st.integers(0, 11), min_size=1).map(lambda steps: tuple(sorted(steps))),
    grid=st.sampled_from(list(GRIDS)),
    chords=st.lists(st.integers(0, v.UNKNOWN_CHORD), max_size=3).map(tuple),
    playing=st.dictionaries(st.integers(0, 4) | st.just(v.DRUMS), playings, max_size=3).map(
        lambda each: tuple(each.items())
    ),
    others=playings,
)


def kept(events: list[Event], limits: Limits) -> None:
    """Every rule, checked on what came out alone, from an answer's first bar on."""
    bounded(events, limits, set())


def bounded(events: list[Event], limits: Limits, sounding: set[Key], first_bar: int = 0) -> None:
    """Every rule, of bars of an answer from this one on; what is `sounding` may have begun by other rules."""
    lines = [event for event in events if isinstance(event, BarStart)]
    onsets = [event for event in events if isinstance(event, NoteOn)]
    for bar, line in enumerate(lines, first_bar):
        assert limits.rules.chord(bar) in (None, line.chord)
    for note in onsets:
        playing = limits.rules.of(note.instrument)
        bar = max(line.tick for line in lines if line.tick <= note.tick)
        assert limits.instruments is None or note.instrument in limits.instruments
        assert not playing.silent
        assert playable(limits.rules, note.instrument)[0][note.pitch]
        assert playable_velocities(playing)[note.velocity]
        assert (note.tick - bar) % v.TICKS_PER_QUARTER in GRIDS[limits.rules.grid]
    for line in lines:
        _density_kept(
            [note for note in onsets if 0 <= note.tick - line.tick < line.meter.ticks], line, limits
        )
    _polyphony_kept(events, limits, sounding)


def _density_kept(onsets: list[NoteOn], line: BarStart, limits: Limits) -> None:
    begun: Counter[int] = Counter()
    for note in onsets:
        begun[note.instrument] += 1
        density = limits.rules.of(note.instrument).density
        quarters = (note.tick - line.tick) // v.TICKS_PER_QUARTER + 1
        assert density is None or begun[note.instrument] <= math.ceil(density * quarters)


def _polyphony_kept(events: list[Event], limits: Limits, before: set[Key]) -> None:
    sounding: dict[int, set[int]] = defaultdict(set)
    for instrument, pitch in before:
        sounding[instrument].add(pitch)
    struck: Counter[tuple[int, int]] = Counter()
    for event in events:
        if isinstance(event, NoteOn):
            struck[event.tick, event.instrument] += 1
            sounding[event.instrument].add(event.pitch)
            polyphony = limits.rules.of(event.instrument).polyphony or 999
            drums = event.instrument == v.DRUMS
            at_once = struck[event.tick, v.DRUMS] if drums else len(sounding[event.instrument])
            assert at_once <= polyphony
        elif isinstance(event, NoteOff):
            sounding[event.instrument].discard(event.pitch)
