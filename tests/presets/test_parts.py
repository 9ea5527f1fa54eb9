"""Who is heard where, and who plays where."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meloformer.model import vocabulary
from meloformer.presets.parts import DRUMS, ROLES, Part, heard_as, natural_role, played_on

PIANO, BASS, STRINGS, SAXOPHONE = 0, 33, 48, 65
TRIO = (Part(1, PIANO, "chords"), Part(2, BASS, "bass"), Part(10, DRUMS, "drums"))
SPLIT = (Part(1, BASS, "bass", 0, 59), Part(1, PIANO, "chords", 60, 127))

pitches = st.integers(0, 127)
instruments = st.integers(0, DRUMS)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    low = draw(st.integers(0, 116))
    instrument, role = draw(st.tuples(instruments, st.sampled_from(list(ROLES))))
    return Part(draw(st.integers(1, 16)), instrument, role, low, draw(st.integers(low + 11, 127)))


def test_presets_and_model_mean_the_same_drums() -> None:
    assert DRUMS == vocabulary.DRUMS


def test_a_channel_is_heard_as_its_part() -> None:
    assert heard_as(TRIO, 2, 40) == BASS
    assert heard_as(TRIO, 10, 36) == DRUMS


def test_a_channel_without_a_part_is_heard_as_general_midi_has_it() -> None:
    assert heard_as((), 10, 36) == DRUMS
    assert heard_as((), 3, 60) == PIANO


def test_two_parts_on_a_channel_split_the_keyboard() -> None:
    assert heard_as(SPLIT, 1, 59) == BASS
    assert heard_as(SPLIT, 1, 60) == PIANO


def test_an_instrument_plays_on_the_channel_it_is_heard_on() -> None:
    for part in TRIO:
        assert played_on(TRIO, part.instrument, 50) == (part.channel, 50)


def test_an_instrument_without_a_part_plays_where_its_family_does() -> None:
    acoustic_bass, organ = 32, 16
    assert played_on(TRIO, acoustic_bass, 40) == (2, 40)
    assert played_on(TRIO, organ, 60) == (1, 60)


def test_an_instrument_that_nobody_takes_plays_on_the_first_channel() -> None:
    assert played_on(TRIO, SAXOPHONE, 60) == (1, 60)


def test_drums_never_leave_on_the_channel_of_an_instrument() -> None:
    assert played_on((Part(1, PIANO, "any"),), DRUMS, 36) == (10, 36)


def test_any_takes_what_no_other_role_does() -> None:
    band = (Part(5, SAXOPHONE, "any"), *TRIO)
    assert played_on(band, STRINGS, 60) == (5, 60)
    assert played_on(band, BASS + 1, 40) == (2, 40)


def test_of_two_parts_with_one_instrument_the_one_that_holds_the_pitch_plays() -> None:
    hands = (Part(1, PIANO, "chords", 60, 127), Part(2, PIANO, "chords", 0, 59))
    assert played_on(hands, PIANO, 40) == (2, 40)


def test_a_pitch_outside_its_part_moves_in_by_octaves() -> None:
    low_voice = Part(1, BASS, "bass", 28, 45)
    assert low_voice.fitted(46) == 34
    assert low_voice.fitted(27) == 39


def test_a_drum_keeps_its_pitch_for_it_names_a_piece_of_the_kit() -> None:
    assert Part(10, DRUMS, "drums", 60, 72).fitted(36) == 36


@given(parts(), pitches)
def test_a_part_plays_every_pitch_in_its_range_and_as_the_same_note_name(part: Part, pitch: int) -> None:
    fitted = part.fitted(pitch)
    assert part.instrument == DRUMS or part.holds(fitted)
    assert (fitted - pitch) % 12 == 0


@given(st.lists(parts(), max_size=6), instruments, pitches)
def test_every_answered_note_finds_a_channel_and_a_pitch(
    band: list[Part], instrument: int, pitch: int
) -> None:
    channel, fitted = played_on(band, instrument, pitch)
    assert 1 <= channel <= 16 and 0 <= fitted <= 127


@given(instruments)
def test_every_instrument_has_a_natural_role_that_takes_it(instrument: int) -> None:
    assert Part(1, instrument, natural_role(instrument)).takes(instrument)
    assert (natural_role(instrument) == "drums") == (instrument == DRUMS)
