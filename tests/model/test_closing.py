"""An answer that closes comes to rest in its last bar, on the chord of the phrase's key."""

from __future__ import annotations

import pytest

from limited import DARING
from meloformer.model import vocabulary as v
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn
from meloformer.model.leaning import Logits, homeward
from meloformer.model.limits import Limits, Rules
from meloformer.model.manner import Goal
from meloformer.model.performer import Performer
from meloformer.model.reading import Reading
from meloformer.model.sampling import Allowed
from meloformer.model.score import Meter
from music import TINY, arrays, network

COMMON = Meter(4, 4)
C_MAJOR = (60, 64, 67, 72, 67, 64, 62, 60)
HOME = v.CHORD.id(0)
CLOSING = Rules(closes=True)


def after_a_phrase(rules: Rules, meter: Meter = COMMON, seed: int = 1) -> Performer:
    """Its network tries everything; it has heard a bar in C major and of drums."""
    performer = Performer(arrays(network(TINY)), DARING, seed, Limits(rules=rules))
    performer.hear(BarStart(0, meter))
    step = meter.ticks // len(C_MAJOR)
    for number, pitch in enumerate(C_MAJOR):
        performer.hear(NoteOn(number * step, 0, pitch, 20))
        performer.hear(NoteOn(number * step, v.DRUMS, 42, 20))
        performer.hear(NoteOff((number + 1) * step - 1, 0, pitch))
    return performer


def begun(events: list[Event], meter: Meter, bar: int) -> list[int]:
    """Where in this bar, from 0, of all that was played its notes begin."""
    low = bar * meter.ticks
    return [
        event.tick - low
        for event in events
        if isinstance(event, NoteOn) and low <= event.tick < low + meter.ticks
    ]


def chords(performer: Performer) -> list[int]:
    """Of every bar, the heard one first."""
    return [token for token in performer.tokens if token in v.CHORD]


@pytest.mark.parametrize("meter", [COMMON, Meter(3, 4), Meter(6, 8)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_note_begins_after_the_middle_of_the_last_bar_and_some_do_in_others(
    meter: Meter, seed: int
) -> None:
    performer = after_a_phrase(CLOSING, meter, seed)
    events = list(performer.answer(3))
    assert max(begun(events, meter, 3), default=0) <= meter.ticks // 2
    assert chords(performer)[-1] == HOME
    if meter == COMMON:
        assert max(begun(events, meter, 1) + begun(events, meter, 2)) > meter.ticks // 2


@pytest.mark.parametrize(("rules", "comes_home"), [(CLOSING, True), (Rules(), False)])
def test_the_bass_of_the_last_bar_is_led_home_and_no_other(
    rules: Rules, comes_home: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    led: list[tuple[int, Goal | None]] = []  # at every choice: the bar, and what it comes to

    def watched(logits: Logits, permitted: Allowed, reading: Reading, goal: Goal | None) -> Logits:
        led.append((reading.tick // 96, goal))
        return homeward(logits, permitted, reading, goal)

    monkeypatch.setattr("meloformer.model.performer.homeward", watched)
    performer = after_a_phrase(rules)
    list(performer.answer(3))
    assert {bar for bar, _ in led} == {1, 2, 3}
    assert all((goal is not None) == (comes_home and bar == 3) for bar, goal in led)
    assert {goal for _, goal in led if goal is not None} <= {Goal(root=0, bass=0, is_alone=True)}


def test_a_chord_that_is_prescribed_stays() -> None:
    performer = after_a_phrase(Rules(closes=True, chords=(5, 7)))
    list(performer.answer(2))
    assert chords(performer)[1:] == [v.CHORD.id(5), v.CHORD.id(7)]


def test_one_bar_alone_does_not_close() -> None:
    assert list(after_a_phrase(CLOSING).answer(1)) == list(after_a_phrase(Rules()).answer(1))


def test_all_bars_but_the_last_are_as_they_would_be_without_a_close() -> None:
    closing, plain = (list(after_a_phrase(rules).answer(3)) for rules in (CLOSING, Rules()))
    before = [[event for event in events if event.tick < 3 * 96] for events in (closing, plain)]
    assert before[0] == before[1]
    assert closing != plain


def test_the_last_bar_made_anew_closes_again() -> None:
    performer = after_a_phrase(CLOSING)
    list(performer.answer(3))
    meter = Meter(3, 4)
    events = list(performer.revise(96 + 96, 2, meter))
    starts = [event.tick for event in events if isinstance(event, BarStart)]
    middle = starts[-1] + meter.ticks // 2
    assert len(starts) == 2
    assert not [event for event in events if isinstance(event, NoteOn) and event.tick > middle]
    assert chords(performer)[-1] == HOME
