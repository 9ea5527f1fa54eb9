"""MIDI files and the grid: what is on it comes back, what is not goes to the nearest place that is."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from hypothesis import given
from symusic.core import ScoreTick

from meloformer.model import vocabulary as v
from meloformer.model.midi import MidiError, from_symusic, read, to_symusic, write
from meloformer.model.score import Meter, Note, Score, TempoChange, tempo_step
from music import COMMON, scores

TEMPO = (TempoChange(0, 70),)
BAR = 1920  # file ticks of 4/4 at 480 to the quarter

Timed = tuple[int, mido.Message | mido.MetaMessage]


def played(pitch: int, start: int, end: int, velocity: int = 80, channel: int = 0) -> list[Timed]:
    """A note in file ticks."""
    return [
        (start, mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)),
        (end, mido.Message("note_off", note=pitch, channel=channel)),
    ]


def meter(tick: int, numerator: int, denominator: int) -> Timed:
    return tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def pedal(tick: int, value: int) -> Timed:
    return tick, mido.Message("control_change", control=64, value=value)


def program(number: int, channel: int) -> Timed:
    return 0, mido.Message("program_change", program=number, channel=channel)


def file(path: Path, *tracks: list[Timed], ticks_per_quarter: int = 480) -> Path:
    """A MIDI file of these tracks; what stands at one tick keeps its order."""
    midi = mido.MidiFile(ticks_per_beat=ticks_per_quarter)
    for timed in tracks:
        track, now = mido.MidiTrack(), 0
        for tick, message in sorted(timed, key=lambda pair: pair[0]):
            track.append(message.copy(time=tick - now))
            now = tick
        midi.tracks.append(track)
    midi.save(path)
    return path


def score_of(folder: Path, *tracks: list[Timed], ticks_per_quarter: int = 480) -> Score:
    """What is read from a file of these tracks."""
    return read(file(folder / "made.mid", *tracks, ticks_per_quarter=ticks_per_quarter))


def as_far_as_it_sounds(score: Score) -> Score:
    """Without what a file does not keep: empty bars at the end, and the tempi in them."""
    ends = (n.onset + 1 if n.instrument == v.DRUMS else n.end for n in score.notes)
    bars = score.bar_of(max(ends) - 1) + 1
    ticks = score.bar_starts[bars]
    return Score(score.meters[:bars], tuple(t for t in score.tempos if t.tick < ticks), score.notes)


@given(scores().filter(lambda score: len(score.notes) > 0))
def test_a_score_written_as_midi_is_read_back(score: Score) -> None:
    """Any meters, 16 parts and drums, re-strikes in one tick, notes to the very end."""
    data = to_symusic(score).dumps_midi()
    assert from_symusic(ScoreTick.from_midi(data)) == as_far_as_it_sounds(score)


def test_a_file_is_written_and_read_by_its_path(tmp_path: Path) -> None:
    score = Score((COMMON,), TEMPO, (Note(0, 0, 60, 24, 20), Note(24, v.DRUMS, 38, 30, 20)))
    write(score, tmp_path / "a.mid")
    assert read(tmp_path / "a.mid") == score


def test_sixteen_parts_and_drums_stay_apart(tmp_path: Path) -> None:
    parts = [*range(0, 128, 8), v.DRUMS]
    score = Score((COMMON,), TEMPO, tuple(Note(0, part, 60, 6, 20) for part in parts))
    write(score, tmp_path / "a.mid")
    assert read(tmp_path / "a.mid").instruments() == parts


def test_without_a_time_signature_the_meter_is_common_time(tmp_path: Path) -> None:
    assert score_of(tmp_path, played(60, 0, BAR + 1)).meters == (COMMON, COMMON)


def test_a_meter_change_in_mid_bar_ends_that_bar(tmp_path: Path) -> None:
    score = score_of(tmp_path, [meter(0, 4, 4), meter(960, 3, 4), *played(60, 960, 1440)])
    assert score.meters == (Meter(2, 4), Meter(3, 4))
    assert score.notes[0].onset == 48


@pytest.mark.parametrize("late", [-3, 0, 3])
def test_a_meter_change_a_moment_beside_the_bar_line_makes_no_extra_bar(tmp_path: Path, late: int) -> None:
    score = score_of(tmp_path, [meter(0, 4, 4), meter(BAR + late, 3, 4), *played(60, BAR + late, BAR + 480)])
    assert score.meters == (COMMON, Meter(3, 4))
    assert score.notes[0].onset == 96


def test_an_opening_meter_that_is_replaced_at_once_is_no_bar(tmp_path: Path) -> None:
    score = score_of(tmp_path, [meter(0, 4, 4), meter(2, 3, 4), *played(60, 0, 480)])
    assert score == Score((Meter(3, 4),), TEMPO, (Note(0, 0, 60, 24, 20),))


def test_sixty_fourths_become_the_nearest_meter_that_has_tokens(tmp_path: Path) -> None:
    assert score_of(tmp_path, [meter(0, 8, 64), *played(60, 0, 100)]).meters[0].ticks == 12
    assert score_of(tmp_path, [meter(0, 3, 64), *played(60, 0, 80)]).meters[0].ticks == 6


def test_a_bar_too_long_to_be_told_is_split_and_keeps_its_length(tmp_path: Path) -> None:
    score = score_of(tmp_path, [meter(0, 37, 4), *played(60, 36 * 480, 37 * 480)])
    assert [bar.ticks // 24 for bar in score.meters] == [16, 16, 5]
    assert score.notes[0] == Note(36 * 24, 0, 60, 37 * 24, 20)


def test_the_sustain_pedal_extends_releases(tmp_path: Path) -> None:
    score = score_of(tmp_path, [*played(60, 0, 480), *played(64, 1100, 1200), pedal(240, 127), pedal(960, 0)])
    assert [note.end for note in score.notes] == [48, 60]


def test_under_the_pedal_a_pitch_that_is_struck_again_ends_there(tmp_path: Path) -> None:
    score = score_of(tmp_path, [*played(60, 0, 240), *played(60, 480, 600), pedal(0, 127), pedal(960, 0)])
    assert [(note.onset, note.end) for note in score.notes] == [(0, 24), (24, 48)]


def test_a_note_is_at_least_one_tick_long_and_velocity_nought_is_none(tmp_path: Path) -> None:
    silent = [(480, mido.Message("note_on", note=62, velocity=0))]
    score = score_of(tmp_path, [*played(60, 0, 0), *silent, *played(64, 960, 961)])
    assert score.notes == (Note(0, 0, 60, 1, 20), Note(48, 0, 64, 49, 20))


def test_a_note_just_before_the_last_bar_line_begins_the_next_bar(tmp_path: Path) -> None:
    score = score_of(tmp_path, played(60, BAR - 2, BAR))
    assert score.meters == (COMMON, COMMON)
    assert score.notes == (Note(96, 0, 60, 97, 20),)


def test_tracks_of_one_program_become_one_part(tmp_path: Path) -> None:
    left = [program(7, 0), *played(60, 0, 480), *played(64, 0, 240)]
    right = [program(7, 1), *played(60, 0, 960, velocity=100, channel=1), *played(67, 480, 960, channel=1)]
    score = score_of(tmp_path, left, right)
    assert score.notes == (Note(0, 7, 60, 48, 25), Note(0, 7, 64, 12, 20), Note(24, 7, 67, 48, 20))


def test_drums_have_no_length_and_open_no_bar_with_it(tmp_path: Path) -> None:
    score = score_of(tmp_path, played(38, BAR - 480, 3 * BAR, channel=9))
    assert score == Score((COMMON,), TEMPO, (Note(72, v.DRUMS, 38, 78, 20),))


def test_what_is_no_note_makes_the_piece_no_longer(tmp_path: Path) -> None:
    score = score_of(tmp_path, [*played(60, 0, 480), (9 * BAR, mido.Message("control_change", control=7))])
    assert score.meters == (COMMON,)


def test_tempi_go_to_the_grid_and_those_that_change_nothing_are_left_out(tmp_path: Path) -> None:
    tempi = [
        (tick, mido.MetaMessage("set_tempo", tempo=tempo))
        for tick, tempo in ((0, 600_000), (480, 600_001), (960, 300_000), (9 * BAR, 400_000))
    ]
    score = score_of(tmp_path, [*tempi, *played(60, 0, BAR)])
    assert score.tempos == (TempoChange(0, tempo_step(100)), TempoChange(48, tempo_step(200)))


def test_a_tempo_of_nought_is_left_out(tmp_path: Path) -> None:
    assert (
        score_of(tmp_path, [(0, mido.MetaMessage("set_tempo", tempo=0)), *played(60, 0, 480)]).tempos == TEMPO
    )


@pytest.mark.parametrize("ticks_per_quarter", [1, 24, 96, 120, 384, 960, 32_767])
def test_any_resolution_is_read(tmp_path: Path, ticks_per_quarter: int) -> None:
    notes = played(60, ticks_per_quarter, 3 * ticks_per_quarter)
    score = score_of(tmp_path, notes, ticks_per_quarter=ticks_per_quarter)
    assert score.notes == (Note(24, 0, 60, 72, 20),)


def test_midi_data_in_a_riff_wrapper_is_read(tmp_path: Path) -> None:
    data = file(tmp_path / "a.mid", played(60, 0, 480)).read_bytes()
    sizes = [(len(data) + extra).to_bytes(4, "little") for extra in (12, 0)]
    wrapped = b"".join([b"RIFF", sizes[0], b"RMIDdata", sizes[1], data])
    (tmp_path / "b.rmi").write_bytes(wrapped)
    assert read(tmp_path / "b.rmi").notes == (Note(0, 0, 60, 24, 20),)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no MIDI file"),
        (b"RIFF and nothing else", "no MIDI file"),
        (b"PK\x03\x04 a zip archive", "no MIDI file"),
        (b"MThd", "damaged"),
    ],
)
def test_what_is_no_midi_file_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "song.mid").write_bytes(content)
    with pytest.raises(MidiError, match=f"song.mid.*{reason}.*export"):
        read(tmp_path / "song.mid")


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match=r"gone.mid.*check the path"):
        read(tmp_path / "gone.mid")
    with pytest.raises(MidiError, match="check the path"):
        read(tmp_path)


def test_a_file_without_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match="no notes"):
        score_of(tmp_path, [meter(0, 3, 4)])
