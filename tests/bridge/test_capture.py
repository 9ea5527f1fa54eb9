"""Hearing a phrase: beats become ticks, early, in order and each event once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from meloformer.bridge.capture import Capture
from meloformer.bridge.hand import Hand
from meloformer.bridge.incoming import PhraseNote
from meloformer.bridge.tempo import Bars
from meloformer.bridge.written import events_of
from meloformer.model.decoder import decode
from meloformer.model.encoder import Encoder
from meloformer.model.events import BarStart, Event, NoteOff, NoteOn, TempoSet
from meloformer.model.score import Meter

COMMON = Meter(4, 4)
PIANO, KIT = 0, 128


class Ear:
    """A capture with everything it has told."""

    def __init__(
        self, beat: float = 0.0, bars: Bars | None = None, bpm: float = 120.0, hand: Hand | None = None
    ) -> None:
        self.bpm = bpm
        self.capture, opening = Capture.opened(beat, bars or Bars.of(COMMON), bpm, hand)
        self.told: list[Event] = list(opening)

    def on(self, beat: float, pitch: int, channel: int = 1, instrument: int = PIANO) -> None:
        self._take(self.capture.note_on(beat, channel, pitch, 80, instrument, self.bpm))

    def off(self, beat: float, pitch: int, channel: int = 1) -> None:
        self._take(self.capture.note_off(beat, channel, pitch))

    def pedal(self, beat: float, down: bool) -> None:
        self._take(self.capture.pedal(beat, 1, down))

    def passes(self, beat: float) -> None:
        self._take(self.capture.passed(beat))

    def closes(self, beat: float, bars: int = 1) -> None:
        self._take(self.capture.closed(beat, bars, self.bpm))

    def notes(self) -> list[tuple[str, int, int]]:
        """("on" or "off", tick, pitch)."""
        names = {NoteOn: "on", NoteOff: "off"}
        return [(names[type(e)], e.tick, e.pitch) for e in self.told if isinstance(e, NoteOn | NoteOff)]

    def bars(self) -> list[int]:
        return [event.tick for event in self.told if isinstance(event, BarStart)]

    def _take(self, change: tuple[Capture, tuple[Event, ...]]) -> None:
        self.capture, events = change
        self.told += events


def encoded(events: list[Event]) -> list[int]:
    """What the real encoder makes of them; it raises where events are out of place."""
    encoder = Encoder()
    tokens = [token for event in events for token in encoder.push(event)]
    return tokens + encoder.flush()


def test_a_phrase_opens_with_its_bar_line_and_tempo() -> None:
    assert Ear(beat=8.0).told == [BarStart(0, COMMON), TempoSet(0, 70)]


def test_a_phrase_counts_from_the_last_bar_line_before_its_first_note() -> None:
    ear = Ear(beat=9.5)
    ear.on(9.5, 60)
    assert ear.notes() == [("on", 36, 60)]


def test_a_note_a_little_before_the_bar_line_belongs_to_the_bar_it_opens() -> None:
    ear = Ear(beat=7.9)
    ear.on(7.9, 60)
    assert ear.notes() == [("on", 0, 60)]


def test_notes_are_heard_as_they_come_on_the_nearest_tick() -> None:
    ear = Ear()
    ear.on(0.01, 60)
    ear.off(0.99, 60)
    ear.on(1.02, 62)
    assert ear.notes() == [("on", 0, 60), ("off", 24, 60), ("on", 24, 62)]


def test_the_shortest_touch_lasts_one_tick() -> None:
    ear = Ear()
    ear.on(1.0, 60)
    ear.off(1.001, 60)
    assert ear.notes() == [("on", 24, 60)]
    ear.passes(1.1)
    assert ear.notes() == [("on", 24, 60), ("off", 25, 60)]


def test_two_touches_in_one_tick_are_one_note() -> None:
    ear = Ear()
    for beat in (1.0, 1.005):
        ear.on(beat, 60)
        ear.off(beat + 0.001, 60)
    ear.passes(2.0)
    assert ear.notes() == [("on", 24, 60), ("off", 25, 60)]


def test_a_key_struck_again_while_it_sounds_is_released_first() -> None:
    ear = Ear()
    ear.on(0.0, 60)
    ear.on(1.0, 60)
    ear.off(2.0, 60)
    assert ear.notes() == [("on", 0, 60), ("off", 24, 60), ("on", 24, 60), ("off", 48, 60)]


def test_the_end_of_a_note_that_was_not_heard_means_nothing() -> None:
    ear = Ear()
    ear.off(1.0, 60)
    assert ear.notes() == []


def test_the_sustain_pedal_holds_notes_until_it_goes_up() -> None:
    ear = Ear()
    ear.pedal(0.0, down=True)
    ear.on(0.0, 60)
    ear.off(0.5, 60)
    assert not ear.capture.is_silent
    ear.pedal(2.0, down=False)
    assert ear.notes() == [("on", 0, 60), ("off", 48, 60)]
    assert ear.capture.is_silent


def test_a_key_that_is_down_when_the_pedal_goes_up_sounds_on() -> None:
    ear = Ear()
    ear.pedal(0.0, down=True)
    ear.on(0.0, 60)
    ear.pedal(1.0, down=False)
    assert not ear.capture.is_silent
    assert ear.notes() == [("on", 0, 60)]


def test_drums_have_no_release_and_hold_nothing() -> None:
    ear = Ear()
    ear.on(0.0, 36, channel=10, instrument=KIT)
    ear.off(1.0, 36, channel=10)
    assert ear.notes() == [("on", 0, 36)]
    assert ear.capture.is_silent


def test_bar_lines_come_when_something_is_played_after_them() -> None:
    ear = Ear()
    ear.on(0.0, 60)
    ear.passes(9.0)
    assert ear.bars() == [0]
    ear.on(9.0, 62)
    assert ear.bars() == [0, 96, 192]


def test_bar_lines_follow_the_transports_meters() -> None:
    ear = Ear(bars=Bars.of(Meter(3, 4)).changed(Meter(2, 4), 3.0))
    ear.on(0.0, 60)
    ear.on(5.5, 62)
    starts = [event for event in ear.told if isinstance(event, BarStart)]
    assert starts == [BarStart(0, Meter(3, 4)), BarStart(72, Meter(2, 4)), BarStart(120, Meter(2, 4))]


def test_a_new_tempo_is_told_before_the_next_note() -> None:
    ear = Ear(bpm=120.0)
    ear.bpm = 60.0
    ear.on(2.0, 60)
    assert ear.told[-2:] == [TempoSet(48, 46), NoteOn(48, PIANO, 60, 20)]


def test_a_release_just_over_the_last_bar_line_belongs_to_that_line() -> None:
    ear = Ear()
    ear.on(3.0, 60)
    ear.off(4.2, 60)
    ear.closes(6.0)
    assert ear.bars() == [0]
    assert ear.notes() == [("on", 72, 60)]


def test_a_note_held_well_into_the_next_bar_makes_that_bar_part_of_the_phrase() -> None:
    ear = Ear()
    ear.on(3.0, 60)
    ear.off(6.0, 60)
    ear.closes(8.0)
    assert ear.bars() == [0, 96]
    assert ear.notes() == [("on", 72, 60), ("off", 144, 60)]


def test_a_phrase_of_so_many_bars_has_so_many_even_when_the_last_are_silent() -> None:
    ear = Ear()
    ear.on(0.0, 60)
    ear.off(1.0, 60)
    ear.closes(15.99, bars=4)
    assert ear.bars() == [0, 96, 192, 288]


def test_a_chord_that_a_hand_spreads_is_struck_at_once() -> None:
    ear = Ear(hand=Hand())
    for pitch, beat in ((60, 0.98), (64, 1.0), (67, 1.03)):
        ear.on(beat, pitch)
    assert ear.notes() == [("on", 24, 60), ("on", 24, 64), ("on", 24, 67)]


def test_a_key_that_is_held_for_most_of_a_note_is_heard_for_all_of_it() -> None:
    ear = Ear(hand=Hand())
    ear.on(0.01, 60)
    ear.off(0.86, 60)
    assert ear.notes() == [("on", 0, 60)]
    ear.passes(1.0)
    assert ear.notes() == [("on", 0, 60), ("off", 24, 60)]


def test_a_key_that_is_struck_again_before_its_note_was_meant_to_end_ends_it() -> None:
    ear = Ear(hand=Hand())
    ear.on(0.0, 60)
    ear.off(0.43, 60)
    ear.on(0.49, 60)
    assert ear.notes() == [("on", 0, 60), ("off", 12, 60), ("on", 12, 60)]


def test_what_the_pedal_held_ends_together() -> None:
    ear = Ear(hand=Hand())
    ear.pedal(0.0, down=True)
    for beat, pitch in ((0.0, 48), (1.0, 60), (3.0, 64)):
        ear.on(beat, pitch)
        ear.off(beat + 0.5, pitch)
    ear.pedal(3.52, down=False)
    assert {tick for name, tick, _ in ear.notes() if name == "off"} == {84}


PLAYED = some.lists(
    some.tuples(
        some.sampled_from(["on", "off", "down", "up", "passes"]),
        some.floats(0, 3),
        some.integers(60, 62),
        some.sampled_from([(1, PIANO), (2, PIANO), (3, 40), (10, KIT)]),
    ),
    max_size=40,
)


@given(PLAYED, some.floats(0, 20), some.integers(1, 4), some.sampled_from([None, Hand()]))
def test_whatever_is_played_can_be_encoded_and_decodes_to_what_was_told(
    moves: list[tuple[str, float, int, tuple[int, int]]], start: float, bars: int, hand: Hand | None
) -> None:
    ear, beat = Ear(beat=start, hand=hand), start
    for kind, gap, pitch, (channel, instrument) in moves:
        beat += gap
        if kind == "on":
            ear.on(beat, pitch, channel, instrument)
        elif kind == "off":
            ear.off(beat, pitch, channel)
        elif kind == "passes":
            ear.passes(beat)
        else:
            ear.pedal(beat, kind == "down")
    ear.closes(beat, bars)
    assert [event.tick for event in ear.told] == sorted(event.tick for event in ear.told)
    onsets = {event for event in ear.told if isinstance(event, NoteOn)}
    decoded = decode(encoded(ear.told))
    assert onsets == {NoteOn(n.onset, n.instrument, n.pitch, n.velocity) for n in decoded.notes}


def written(*notes: PhraseNote) -> list[Event]:
    return list(events_of(notes, lambda channel, pitch: KIT if channel == 10 else PIANO, COMMON, 120.0))


def test_a_score_in_any_order_is_heard_in_time() -> None:
    told = written(PhraseNote(4.0, 1.0, 1, 62, 80), PhraseNote(0.0, 2.0, 1, 60, 80))
    assert told == [
        BarStart(0, COMMON),
        TempoSet(0, 70),
        NoteOn(0, PIANO, 60, 20),
        NoteOff(48, PIANO, 60),
        BarStart(96, COMMON),
        NoteOn(96, PIANO, 62, 20),
        NoteOff(120, PIANO, 62),
    ]


def test_a_score_note_struck_again_while_it_sounds_ends_there() -> None:
    told = written(PhraseNote(0.0, 4.0, 1, 60, 80), PhraseNote(1.0, 1.0, 1, 60, 80))
    assert [(type(e), e.tick) for e in told[2:]] == [(NoteOn, 0), (NoteOff, 24), (NoteOn, 24), (NoteOff, 48)]


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_a_score_note_without_length_or_given_twice_is_one_short_note(copies: int) -> None:
    told = written(*[PhraseNote(1.0, 0.0, 1, 60, 80)] * copies)
    assert told[2:] == [NoteOn(24, PIANO, 60, 20), NoteOff(25, PIANO, 60)]


SCORE = some.lists(
    some.builds(
        PhraseNote,
        some.floats(0, 12),
        some.floats(0, 6),
        some.sampled_from([1, 2, 10]),
        some.integers(60, 63),
        some.integers(1, 127),
    ),
    min_size=1,
    max_size=30,
)


@given(SCORE)
def test_any_score_can_be_encoded_with_every_onset_of_it(notes: list[PhraseNote]) -> None:
    told = written(*notes)
    encoded(told)
    onsets = {(e.tick, e.instrument, e.pitch) for e in told if isinstance(e, NoteOn)}
    asked = {(round(n.onset_beat * 24), KIT if n.channel == 10 else PIANO, n.pitch) for n in notes}
    assert onsets == asked
