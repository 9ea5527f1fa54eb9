"""New bars inside a file: what begins outside them is not touched, and sounds as long as it did."""

from __future__ import annotations

import symusic
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic.core import NoteTick, ScoreTick, TimeSignatureTick, TrackTick

from meloformer.model.midi import from_symusic
from meloformer.model.score import Note
from meloformer.scripts.rewriting import Span, rewritten

BAR = 4 * 480


def piece(*notes: tuple[int, int, int]) -> ScoreTick:
    """One piano of (onset, duration, pitch) in file ticks, and a note in bar 4 that ends the piece."""
    raw, track = ScoreTick(480), TrackTick("", 0, False)
    raw.time_signatures.append(TimeSignatureTick(0, 4, 4))
    for onset, duration, pitch in (*notes, (3 * BAR, BAR, 90)):
        track.notes.append(NoteTick(onset, duration, pitch, 77))
    raw.tracks.append(track)
    return raw


def changed(raw: ScoreTick, *notes: Note) -> list[tuple[int, int, int]]:
    """The piece with these notes as its second bar, written and read again."""
    data = rewritten(raw, from_symusic(raw), Span(1, 2), notes).raw.dumps_midi()
    return sorted((n.time, n.duration, n.pitch) for n in symusic.Score.from_midi(data).tracks[0].notes)


def note(onset: int, end: int, pitch: int) -> Note:
    return Note(onset=onset, instrument=0, pitch=pitch, end=end, velocity=20)


LAST = (3 * BAR, BAR, 90)


def test_what_begins_in_the_bar_goes_and_the_new_notes_come() -> None:
    raw = piece((0, 480, 60), (BAR, 480, 62), (2 * BAR, 480, 64))
    assert changed(raw, note(96, 120, 70)) == [
        (0, 480, 60),
        (BAR, 480, 70),
        (2 * BAR, 480, 64),
        LAST,
    ]


def test_a_note_held_into_the_bar_keeps_its_length_and_its_key_is_not_struck_meanwhile() -> None:
    raw = piece((0, BAR + 960, 60))
    assert changed(raw, note(96, 120, 60), note(144, 168, 60)) == [
        (0, BAR + 960, 60),
        (BAR + 960, 480, 60),
        LAST,
    ]


def test_a_downbeat_played_early_belongs_to_the_bar_that_it_opens() -> None:
    raw = piece((BAR - 2, 480, 60), (2 * BAR - 2, 480, 62))
    assert changed(raw, note(168, 192, 62)) == [
        (BAR - 2, 480, 60),
        (2 * BAR - 480, 478, 62),
        (2 * BAR - 2, 480, 62),
        LAST,
    ]


strikes = st.tuples(st.integers(0, 3 * BAR), st.integers(1, 2 * BAR), st.integers(60, 62))
answers = st.tuples(st.integers(96, 191), st.integers(1, 96), st.integers(60, 62))


@settings(max_examples=60)
@given(st.lists(strikes, max_size=12), st.lists(answers, max_size=12))
def test_whatever_begins_outside_is_the_same_after_writing_and_reading(
    struck: list[tuple[int, int, int]], made: list[tuple[int, int, int]]
) -> None:
    # as a file reads it: of one key, one note at a time
    raw = symusic.Score.from_midi(piece(*struck).dumps_midi())
    before = sorted((n.time, n.duration, n.pitch) for n in raw.tracks[0].notes)
    new = [note(onset, min(onset + length, 192), pitch) for onset, length, pitch in made]
    assert _outside(changed(raw, *_apart(new))) == _outside(before)


def _outside(notes: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    return [note for note in notes if not BAR <= note[0] < 2 * BAR]


def _apart(notes: list[Note]) -> list[Note]:
    """Of each key, notes that do not overlap, as a performer makes them."""
    kept: dict[int, Note] = {}
    apart: list[Note] = []
    for each in sorted(notes):
        if each.pitch not in kept or kept[each.pitch].end <= each.onset:
            kept[each.pitch] = each
            apart.append(each)
    return apart
