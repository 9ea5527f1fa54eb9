"""Free playing heard with the shipped model, faster than time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.engine.messages import Ask
from meloformer.bridge.rehearsal import Moment, Rehearsal, presets_of
from meloformer.bridge.session.actions import Tell
from meloformer.bridge.session.events import Received
from meloformer.bridge.session.machine import begin
from meloformer.model.score import Meter
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.reader import find, read

BEGINS = 100.0
CHORDS = ((36, 52, 55), (41, 57, 60), (31, 50, 53), (36, 52, 55))
TUNE = ((76, None, 79), (81, 79, 77), (74, None, 79), (76, None, None))


def waltz(bpm: float, seed: int) -> Iterator[Moment]:
    """Four bars as a hand plays them: a bass, two chords, a tune."""
    chance, beat_s = random.Random(seed), 60 / bpm
    played: list[tuple[float, osc.LiveNote]] = []
    for bar, ((bass, *chord), tune) in enumerate(zip(CHORDS, TUNE, strict=True)):
        notes = [(0, bass, 0.9), *((beat, pitch, 0.5) for beat in (1, 2) for pitch in chord)]
        notes += [(beat, pitch, 0.85) for beat, pitch in enumerate(tune) if pitch is not None]
        for beat, pitch, length in notes:
            at = BEGINS + 0.5 + (3 * bar + beat) * beat_s + chance.gauss(0.0, 0.012)
            played.append((at, osc.LiveNote(1, pitch, 80)))
            played.append((at + length * beat_s, osc.LiveNote(1, pitch, 0)))
    for at, note in sorted(played, key=lambda move: move[0]):
        yield Moment(at, Received(note, "127.0.0.1", at))


@pytest.mark.parametrize("bpm", [100.0, 150.0])
def test_a_waltz_is_heard_as_one(bpm: float) -> None:
    preset = read(find(DEFAULT, SHIPPED))
    preset = replace(preset, listen=replace(preset.listen, tempo="free"))
    session = Rehearsal(begin(preset, "1.2.3", "cpu", BEGINS), presets_of(SHIPPED))
    asked = (
        noted.state.clock
        for noted in session.steps(waltz(bpm, seed=1))
        if any(isinstance(action, Tell) and isinstance(action.message, Ask) for action in noted.actions)
    )
    clock = next(asked)
    assert clock.meter == Meter(3, 4)
    assert clock.bpm == pytest.approx(bpm, rel=0.02)
