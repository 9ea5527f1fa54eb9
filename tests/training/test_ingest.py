"""A folder of files becomes a data set, and every file that does not says why."""

from __future__ import annotations

import hashlib
import signal
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from meloformer.model import midi
from meloformer.model.score import DEFAULT_BPM, Score, TempoChange, tempo_step
from meloformer.model.vocabulary import DRUMS, fingerprint
from meloformer.training import parts, reader
from meloformer.training.errors import StoreError
from meloformer.training.ingest import prepare
from meloformer.training.meta import meta_of
from meloformer.training.report import report_of
from meloformer.training.rows import piece_of
from meloformer.training.sources import Refusal, sources
from meloformer.training.store import open_store
from tunes import tune, write_tunes


def test_every_readable_file_becomes_a_piece_with_its_collection(songs: Path, tmp_path: Path) -> None:
    prepare(songs, tmp_path / "data")
    store = open_store(tmp_path / "data")
    assert set(store["name"]) == {f"tune{n}" for n in range(6)} | {f"deeper/tune{n}" for n in range(6, 10)}
    assert set(store["collection"]) == {"first", "second"}


def test_a_piece_comes_back_as_the_file_was_read(songs: Path, store_path: Path) -> None:
    pieces = {piece.name: piece for piece in map(piece_of, open_store(store_path))}
    assert pieces["tune3"].score == midi.read(songs / "first" / "tune3.mid") == tune(3)
    assert len(pieces["tune3"].chords) == 8


def test_a_refused_file_is_named_with_its_reason_and_left_alone(songs: Path, tmp_path: Path) -> None:
    before = (songs / "noise.mid").read_bytes()
    (refusal,) = prepare(songs, tmp_path / "data")
    assert refusal.path == songs / "noise.mid"
    assert "noise.mid" in refusal.reason
    assert (songs / "noise.mid").read_bytes() == before


def test_a_file_that_breaks_the_reader_is_refused_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tunes(tmp_path / "songs", 2)

    def label(score: object) -> list[int]:
        raise ZeroDivisionError("tempo 0")

    monkeypatch.setattr(reader.chords, "label", label)
    (first, _), _ = sources(tmp_path / "songs")
    refusal = reader.read_piece(first)
    assert isinstance(refusal, Refusal)
    assert "ZeroDivisionError" in refusal.reason


def test_several_processes_make_the_same_data_set(songs: Path, store_path: Path, tmp_path: Path) -> None:
    refusals = prepare(songs, tmp_path / "data", workers=2)
    assert len(refusals) == 1
    assert open_store(tmp_path / "data").to_dict() == open_store(store_path).to_dict()


def test_progress_is_told_file_by_file(songs: Path, tmp_path: Path) -> None:
    told: list[int] = []
    prepare(songs, tmp_path / "data", progress=told.append)
    assert told == list(range(1, 12))


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_killed_reading_goes_on_where_it_was_and_ends_in_the_same_bytes(
    songs: Path, store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "data"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(songs), str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    monkeypatch.setattr(parts, "SOURCES_IN_A_PART", 2)
    told: list[int] = []
    refusals = prepare(songs, out, progress=told.append)
    assert told == [7, 8, 9, 10, 11]
    assert len(refusals) == 1
    assert files_of(out) == files_of(store_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "data.report.txt"]


KILLED = """
import os, signal, sys
from pathlib import Path
from meloformer.training import parts
from meloformer.training.ingest import prepare

if __name__ == "__main__":
    parts.SOURCES_IN_A_PART = 2
    die = lambda done: done == 7 and os.kill(os.getpid(), signal.SIGKILL)
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), progress=die)
"""


def test_parts_of_other_files_are_forgotten(songs: Path, tmp_path: Path) -> None:
    write_tunes(tmp_path / "others", 3)
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path / "others", tmp_path / "data", progress=interrupt)
    prepare(songs, tmp_path / "data")
    assert len(open_store(tmp_path / "data")) == 10


def interrupt(done: int) -> None:
    raise KeyboardInterrupt


def test_a_part_that_was_cut_is_read_again(songs: Path, store_path: Path, tmp_path: Path) -> None:
    found, _ = sources(songs)
    making = parts.Parts(tmp_path / "data.part", found)
    outcomes = parts.Outcomes()
    for source in found:
        outcomes.add(reader.read_piece(source))
    making.keep(0, outcomes)
    (whole,) = (tmp_path / "data.part").glob("*.arrow")
    assert list(parts.Parts(tmp_path / "data.part", found).missing()) == []
    whole.write_bytes(whole.read_bytes()[:-20])
    assert [number for number, _ in parts.Parts(tmp_path / "data.part", found).missing()] == [0]
    prepare(songs, tmp_path / "data")
    assert files_of(tmp_path / "data") == files_of(store_path)


def changed(score: Score, **what: int) -> Score:
    """The same score with every tuned note moved, or every note louder, or played by another instrument."""
    notes = (
        note._replace(**{key: getattr(note, key) + by for key, by in what.items()})
        if note.instrument != DRUMS
        else note
        for note in score.notes
    )
    return replace(score, notes=tuple(sorted(notes)))


def test_a_piece_that_is_there_already_is_dropped_and_named(tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    write_tunes(songs, 1)
    once = tune(0)
    same = {
        "u-faster": replace(once, tempos=(TempoChange(0, 90),)),
        "v-softer": changed(once, velocity=-5),
        "w-higher": changed(once, pitch=3),
    }
    for name, score in {**same, "x-other": changed(once, instrument=1), "y-other": tune(1)}.items():
        midi.write(score, songs / f"{name}.mid")
    repeats = prepare(songs, tmp_path / "data")
    assert open_store(tmp_path / "data")["name"] == ["tune0", "x-other", "y-other"]
    assert [one.reason for one in repeats] == [
        "u-faster.mid repeats tune0.mid; the first stays",
        "v-softer.mid repeats tune0.mid; the first stays",
        "w-higher.mid repeats tune0.mid, 3 semitones higher; the first stays",
    ]
    assert {one.repeats for one in repeats} == {"tune0.mid"}


def test_the_report_beside_the_data_set_names_every_file_that_was_left_out(
    songs: Path, tmp_path: Path
) -> None:
    write_tunes(tmp_path / "songs" / "a", 3)
    write_tunes(tmp_path / "songs" / "b", 1)
    (tmp_path / "songs" / "bad\x1b[31m.mid").write_bytes(b"nothing")
    prepare(tmp_path / "songs", tmp_path / "data")
    report = report_of(tmp_path / "data").read_text(encoding="utf-8").splitlines()
    assert "3 pieces" in report[0]
    assert "1 of 5 files refused; 1 repeat another" in report[0]
    assert report[1].startswith("refused: ")
    assert "bad?[31m.mid" in report[1]
    assert report[2] == "repeated: b/tune0.mid repeats a/tune0.mid; the first stays"
    assert len(report) == 3


def track(events: bytes) -> bytes:
    """A MIDI file of one track."""
    body = events + b"\0\xff\x2f\0"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    return header + b"MTrk" + struct.pack(">I", len(body)) + body


def test_a_file_of_a_million_notes_is_one_clear_line(tmp_path: Path) -> None:
    write_tunes(tmp_path / "songs", 1)
    struck = b"\0\x90\x3c\x40\x01\x3c\0" + b"\0\x3c\x40\x01\x3c\0" * 999_999
    (tmp_path / "songs" / "million.mid").write_bytes(track(struck))
    (refusal,) = prepare(tmp_path / "songs", tmp_path / "data")
    assert refusal.reason.endswith("million.mid: 1000000 notes are more than 262144; cut it into pieces")


def test_a_tempo_of_nothing_is_left_out_and_its_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    events = b"\0\xff\x51\x03\0\0\0" + b"\0\x90\x3c\x40\x83\x60\x3c\0"
    (tmp_path / "songs" / "still.mid").write_bytes(track(events))
    assert prepare(tmp_path / "songs", tmp_path / "data") == []
    (piece,) = map(piece_of, open_store(tmp_path / "data"))
    assert piece.score.tempos == (TempoChange(0, tempo_step(DEFAULT_BPM)),)


def test_a_file_that_cannot_be_opened_is_refused_like_any_other(tmp_path: Path) -> None:
    write_tunes(tmp_path / "songs", 2)
    found, _ = sources(tmp_path / "songs")
    found[0].path.unlink()
    refusal = reader.read_piece(found[0])
    assert isinstance(refusal, Refusal)
    assert "tune0.mid: No such file or directory; make it readable" in refusal.reason


def test_a_store_tells_its_counts_its_vocabulary_and_the_terms_of_the_music(
    songs: Path, tmp_path: Path
) -> None:
    prepare(songs, tmp_path / "data", terms="CC0-1.0")
    said, store = meta_of(tmp_path / "data"), open_store(tmp_path / "data")
    assert (said.pieces, said.bars, said.notes) == (10, 80, sum(len(tune(n).notes) for n in range(10)))
    assert (said.collections, said.terms) == ({"first": 6, "second": 4}, "CC0-1.0")
    assert said.vocabulary == fingerprint()
    assert store.info.license == "CC0-1.0"
    data = (songs / "first" / "tune3.mid").read_bytes()
    assert store["sha256"][store["source"].index("first/tune3.mid")] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("content", [None, b"", b"MThd"], ids=["no file", "an empty one", "a cut one"])
def test_a_folder_without_music_is_refused_and_nothing_is_written(
    tmp_path: Path, content: bytes | None
) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    if content is not None:
        (folder / "a.mid").write_bytes(content)
    with pytest.raises(StoreError, match="songs"):
        prepare(folder, tmp_path / "data")
    assert [path.name for path in tmp_path.iterdir()] == ["songs"]


def test_what_is_there_already_is_never_overwritten(songs: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(StoreError, match="there already"):
        prepare(songs, tmp_path / "data")
