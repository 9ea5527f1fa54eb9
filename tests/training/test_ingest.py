"""A folder of files becomes a data set, and every file that does not says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from meloformer.model import midi
from meloformer.training import ingest
from meloformer.training.errors import StoreError
from meloformer.training.ingest import prepare
from meloformer.training.store import open_store, piece_of
from tunes import tune, write_tunes


def test_every_readable_file_becomes_a_piece_with_its_collection(songs: Path, tmp_path: Path) -> None:
    prepare(songs, tmp_path / "data")
    store = open_store(tmp_path / "data")
    assert sorted(store["name"]) == sorted(f"tune{number}" for number in range(10))
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

    monkeypatch.setattr(ingest.chords, "label", label)
    refusal = ingest.read_piece(tmp_path / "songs" / "tune1.mid", "")
    assert isinstance(refusal, ingest.Refusal)
    assert "ZeroDivisionError" in refusal.reason


def test_several_processes_make_the_same_data_set(songs: Path, store_path: Path, tmp_path: Path) -> None:
    refusals = prepare(songs, tmp_path / "data", workers=2)
    assert len(refusals) == 1
    assert open_store(tmp_path / "data").to_dict() == open_store(store_path).to_dict()


def test_progress_is_told_file_by_file(songs: Path, tmp_path: Path) -> None:
    told: list[int] = []
    prepare(songs, tmp_path / "data", progress=told.append)
    assert told == list(range(1, 12))


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
