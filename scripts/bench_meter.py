"""How often the meter of free playing is found: by accents alone, and with what the model says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from meloformer.bridge.beat_grid import Grid
from meloformer.bridge.beats import FASTEST_BPM, SLOWEST_BPM, Estimate, Onset, estimate
from meloformer.bridge.capture import Capture
from meloformer.bridge.readings import Verdict
from meloformer.bridge.session.free import SHADOW_BPM
from meloformer.bridge.session.free_phrase import FreePhrase, Moment
from meloformer.bridge.session.telling import tellings
from meloformer.bridge.tempo import COMMON_TIME, Bars
from meloformer.model.score import Note, Score, bpm_of, velocity_of
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER
from meloformer.presets.reader import find, read
from meloformer.scripts.bench_tempo import SAME_LINE, TOLERANCE, drifting
from meloformer.scripts.by_hand import Player, held_out, touches
from meloformer.scripts.progress import moving

if TYPE_CHECKING:
    from meloformer.model.listener import Weights

SEED: Final = 1
ON_LINE: Final = 0.75  # so many phrases begin on a bar line, the others on any beat
FEWEST_MOMENTS: Final = 6
LEAST_SPAN: Final = 5  # beats


@dataclass(frozen=True, slots=True)
class Played:
    """A phrase as it was played; `beats`: the seconds of its beats; `line`: the first that begins a bar."""

    moments: tuple[Moment, ...]
    beats: tuple[float, ...]
    line: int
    in_three: bool

    @property
    def onsets(self) -> list[Onset]:
        began = self.moments[0].at
        return sorted(
            Onset(each.at - began, each.pitch, each.velocity, each.instrument == DRUMS)
            for each in self.moments
            if each.velocity
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Whether the tempo was found, the meter, and (with both) a bar line."""

    in_three: bool
    tempo: bool
    meter: bool
    line: bool


def measure(preset: str, presets: Path, data: Path, beats: int, phrases: int) -> Iterator[dict[str, Any]]:
    """Two records, over so many phrases of held-out pieces that somebody plays."""
    from meloformer.model.weights import load_to_play
    from meloformer.training.errors import StoreError

    network = load_to_play(read(find(preset, presets)).weights, "cpu")
    alone, weighed = list[Found](), list[Found]()
    with moving("listening", phrases) as show:
        for phrase in _phrases(data, beats, phrases):
            found = estimate(phrase.onsets)
            if found is not None:
                alone.append(compared(phrase, found))
                weighed.append(compared(phrase, _with_model(network, phrase, found)))
                show(len(alone), f"{len(alone)} phrases")
    if not alone:
        raise StoreError(f"{data}: no held-out piece has {beats} beats in two, three or four; add others")
    yield {"measure": "meter of free playing", "by": "accents", "beats": beats, **summary(alone)}
    yield {"measure": "meter of free playing", "by": "accents and model", "beats": beats, **summary(weighed)}


def _phrases(data: Path, beats: int, most: int) -> Iterator[Played]:
    from meloformer.training.store import open_store

    chance = random.Random(SEED)
    scores = [piece.score for piece in held_out(open_store(data), on_grid=False)]
    chance.shuffle(scores)
    cut = (phrase for score in scores if (phrase := played(score, beats, chance)) is not None)
    for _, phrase in zip(range(most), cut, strict=False):
        yield phrase


def played(score: Score, beats: int, chance: random.Random) -> Played | None:
    """So many beats of a piece, from a random one on; None where its meter or its tempo is none of ours."""
    bar = chance.randrange(len(score.meters))
    meter, start = score.meters[bar], score.bar_starts[bar]
    of_bar, rest = divmod(meter.ticks, TICKS_PER_QUARTER)
    first = 0 if chance.random() < ON_LINE else chance.randrange(max(of_bar, 1))
    low = start + first * TICKS_PER_QUARTER
    high = low + beats * TICKS_PER_QUARTER
    bpm = bpm_of(score.tempo_at(low))
    is_ours = of_bar in (2, 3, 4, 6, 8) and not rest and meter.denominator in (2, 4)
    same = score.meters[bar : score.bar_of(high - 1) + 1] if high <= score.ticks else ()
    if not is_ours or set(same) != {meter} or not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        return None
    notes = [
        note._replace(onset=note.onset - low, end=min(note.end, high) - low)
        for note in score.notes
        if low <= note.onset < high
    ]
    return _by_hand(notes, drifting(60.0 / bpm, chance, beats), -first % of_bar, of_bar % 3 == 0, chance)


def _by_hand(
    notes: list[Note], grid: Grid, line: int, in_three: bool, chance: random.Random
) -> Played | None:
    onsets = {note.onset for note in notes}
    if len(onsets) < FEWEST_MOMENTS or max(onsets) - min(onsets) < LEAST_SPAN * TICKS_PER_QUARTER:
        return None
    player = Player(scatter_s=chance.uniform(0.01, 0.02))
    moments = tuple(
        Moment(
            touch.seconds,
            1 + touch.note.instrument,
            touch.note.pitch,
            velocity_of(touch.note.velocity) if touch.is_down else 0,
            touch.note.instrument,
        )
        for touch in touches(notes, player, lambda tick: grid.seconds_at(tick / TICKS_PER_QUARTER), chance)
    )
    return Played(moments, grid.seconds, line, in_three)


def _with_model(network: Weights, phrase: Played, found: Estimate) -> Estimate:
    """The estimate once the model has weighed every reading of it, as the engine does."""
    from meloformer.model.surprise import surprises

    shadow, _ = Capture.opened(0.0, Bars.of(COMMON_TIME), SHADOW_BPM)
    heard = FreePhrase(phrase.moments[0].at, frozenset(), shadow, 0.0, phrase.moments)
    nats = tuple(sum(surprises(network, telling)) for telling in tellings(heard, found))
    return estimate(phrase.onsets, verdict=Verdict(found.grid, nats)) or found


def compared(phrase: Played, found: Estimate) -> Found:
    """An estimate beside the truth."""
    at = [found.grid.beat_at(seconds - phrase.moments[0].at) for seconds in phrase.beats]
    tempo = abs((at[-1] - at[0]) / (len(at) - 1) - 1.0) < TOLERANCE
    meter = (found.beats_per_bar == 3) == phrase.in_three
    into = at[phrase.line] % found.beats_per_bar
    line = tempo and meter and min(into, found.beats_per_bar - into) < SAME_LINE
    return Found(phrase.in_three, tempo, meter, line)


def summary(found: list[Found]) -> dict[str, Any]:
    """Percentages; the meters where the tempo is right, bar lines of all."""
    threes = [each.meter for each in found if each.tempo and each.in_three]
    fours = [each.meter for each in found if each.tempo and not each.in_three]
    return {
        "phrases": len(found),
        "tempo": _percent([each.tempo for each in found]),
        "fours": len(fours),
        "four_as_four": _percent(fours),
        "threes": len(threes),
        "three_as_three": _percent(threes),
        "meter_and_bar_line": _percent([each.line for each in found]),
    }


def _percent(right: list[bool]) -> float:
    return round(100 * fmean(right), 1) if right else 0.0
