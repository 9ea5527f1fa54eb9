"""A note that the model decides too late: left out, moved with all that follows, or played at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meloformer.bridge import incoming as osc
from meloformer.bridge.outgoing import OutEnd, OutNote
from meloformer.bridge.settings import Latency
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.score import Meter
from meloformer.presets.preset import Late
from rehearsal import BAND, Rehearsal, sounding


def late_by(beats: float, policy: Late) -> Rehearsal:
    """An answer of three notes a beat apart from beat 4 on, of which the second is decided so late."""
    session = Rehearsal(replace(BAND, answer=replace(BAND.answer, late=policy)))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 128, 40, 20))
    session.waits(beats=4.0 + beats)
    session.says(NoteOn(120, 128, 41, 20), NoteOn(144, 128, 42, 20), end="done")
    session.waits(beats=10)
    return session


def onset_beats(session: Rehearsal) -> list[tuple[int, float]]:
    return [(pitch, round((at - 100.0) * 2, 3)) for at, pitch, velocity in session.midi_notes if velocity]


@pytest.mark.parametrize(
    ("policy", "beats"),
    [
        ("compress", [(40, 4.0), (41, 5.5), (42, 6.0)]),
        ("drop", [(40, 4.0), (42, 6.0)]),
        ("shift", [(40, 4.0), (41, 6.0), (42, 7.0)]),
    ],
)
def test_a_note_that_has_missed_its_place_goes_by_the_preset(
    policy: Late, beats: list[tuple[int, float]]
) -> None:
    session = late_by(0.5, policy)
    assert onset_beats(session) == beats
    counts = session.state.counts
    assert (counts.late, counts.dropped, counts.shifted) == {
        "compress": (1, 0, 0),
        "drop": (0, 1, 0),
        "shift": (0, 0, 1),
    }[policy]
    assert session.sent(OutEnd)[-1].reason == "done"
    assert sounding([action for _, action in session.done]) == (set(), set())


@pytest.mark.parametrize("policy", ["compress", "drop", "shift"])
def test_a_note_that_is_hardly_late_sounds_at_once(policy: Late) -> None:
    assert onset_beats(late_by(0.1, policy)) == [(40, 4.0), (41, 5.1), (42, 6.0)]


def test_what_takes_long_to_sound_leaves_earlier_each_way_by_its_own_time() -> None:
    session = Rehearsal(latency=Latency(osc_ms=20.0, midi_ms=5.0))
    session.plays(60)
    session.receives(osc.PhraseEnd())
    session.says(BarStart(96, Meter(4, 4)), NoteOn(96, 128, 40, 20), end="done")
    session.waits(beats=10)
    (tag, *_), (left, *_) = session.tags(OutNote), session.midi_notes
    assert tag == pytest.approx(102.0 - 0.020)
    assert left[0] == pytest.approx(102.0 - 0.005)
    assert sounding([action for _, action in session.done]) == (set(), set())
