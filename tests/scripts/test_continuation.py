"""A file, and new bars behind it."""

from __future__ import annotations

import symusic
from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from meloformer.model.midi import from_symusic
from meloformer.model.score import Note
from meloformer.model.vocabulary import DRUMS
from meloformer.scripts.continuation import extended

PIANO, BASS = 0, 33


def track(program: int, *notes: tuple[int, int, int], name: str = "", drums: bool = False) -> TrackTick:
    """A track of (onset, duration, pitch) in file ticks."""
    made = TrackTick(name, program, drums)
    for onset, duration, pitch in notes:
        made.notes.append(NoteTick(onset, duration, pitch, 77))
    return made


def piece(*tracks: TrackTick, tpq: int = 480, meter: tuple[int, int] = (4, 4)) -> ScoreTick:
    made = ScoreTick(tpq)
    made.time_signatures.append(TimeSignatureTick(0, *meter))
    made.tempos.append(TempoTick(0, 90.0))
    for each in tracks:
        made.tracks.append(each)
    return made


def longer(raw: ScoreTick, *notes: Note) -> ScoreTick:
    """The piece with these notes behind it, as it reads when it was written and read again."""
    return symusic.Score.from_midi(extended(raw, from_symusic(raw), list(notes)).dumps_midi())


def played(raw: ScoreTick) -> list[list[tuple[int, int, int]]]:
    return [
        [(n.time, n.duration, n.pitch) for n in sorted(t.notes, key=lambda n: n.time)] for t in raw.tracks
    ]


def note(onset: int, pitch: int, instrument: int = PIANO) -> Note:
    return Note(onset=onset, instrument=instrument, pitch=pitch, end=onset + 24, velocity=20)


def test_what_was_there_is_not_touched_not_even_off_the_grid() -> None:
    raw = piece(track(PIANO, (7, 471, 60), (1001, 333, 64)), track(BASS, (3, 1900, 40)))
    before = played(raw)
    after = played(longer(raw, note(0, 72), note(24, 43, BASS)))
    assert [each[: len(old)] for each, old in zip(after, before, strict=True)] == before
    assert played(raw) == before


def test_the_answer_begins_at_the_bar_line_after_an_incomplete_bar() -> None:
    raw = piece(track(PIANO, (0, 480, 60), (4 * 480, 100, 60)))
    assert played(longer(raw, note(0, 72)))[0][-1] == (8 * 480, 480, 72)


def test_in_three_eight_the_bar_line_is_that_of_three_eight() -> None:
    raw = piece(track(PIANO, (0, 100, 60)), meter=(3, 8))
    assert played(longer(raw, note(0, 72)))[0][-1] == (720, 480, 72)


def test_a_note_that_rounds_up_to_the_bar_line_has_a_bar_of_its_own() -> None:
    raw = piece(track(PIANO, (4 * 480 - 1, 1, 60)))
    assert played(longer(raw, note(0, 72)))[0][-1] == (8 * 480, 480, 72)


def test_any_resolution_of_the_file_is_kept() -> None:
    raw = piece(track(PIANO, (0, 100, 60)), tpq=100)
    assert played(longer(raw, note(1, 72)))[0][-1] == (404, 100, 72)


def test_notes_go_to_the_track_that_plays_their_program() -> None:
    raw = piece(
        track(BASS, (0, 480, 40)),
        track(PIANO, (0, 480, 60)),
        track(0, (0, 120, 36), drums=True),
    )
    after = longer(raw, note(0, 41, BASS), note(0, 38, DRUMS), note(0, 61))
    assert [(t.program, t.is_drum, t.notes[-1].pitch) for t in after.tracks] == [
        (BASS, False, 41),
        (PIANO, False, 61),
        (0, True, 38),
    ]


def test_of_two_hands_on_one_piano_the_nearer_one_plays() -> None:
    raw = piece(
        track(PIANO, (0, 480, 76), name="right"),
        track(PIANO, (0, 480, 40), name="left"),
    )
    after = {t.name: [n.pitch for n in t.notes] for t in longer(raw, note(0, 72), note(0, 45)).tracks}
    assert after == {"right": [76, 72], "left": [40, 45]}


def test_an_instrument_without_a_track_gets_one() -> None:
    after = longer(piece(track(PIANO, (0, 480, 60))), note(0, 40, BASS), note(24, 41, BASS))
    assert [(t.program, len(t.notes)) for t in after.tracks] == [(PIANO, 1), (BASS, 2)]


def test_a_meter_or_tempo_noted_after_the_last_bar_does_not_bend_the_answer() -> None:
    raw = piece(track(PIANO, (0, 480, 60)))
    raw.tempos.append(TempoTick(4 * 480, 20.0))
    raw.time_signatures.append(TimeSignatureTick(4 * 480, 1, 8))
    after = longer(raw, note(0, 72))
    assert [change.time for change in after.tempos] == [0]
    assert [(change.numerator, change.denominator) for change in after.time_signatures] == [(4, 4)]
