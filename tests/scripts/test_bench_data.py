"""`meloformer bench data`: a collection comes through its tokens unchanged, or the exit code says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meloformer.model.midi import NORMALISATIONS, write
from meloformer.model.score import Score
from meloformer.scripts import bench_data
from meloformer.scripts.phrase import phrase


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Two pieces, one of them in a folder, and a file that is no music."""
    (tmp_path / "inside").mkdir()
    write(phrase(), tmp_path / "a.mid")
    write(phrase(), tmp_path / "inside" / "b.MIDI")
    (tmp_path / "c.mid").write_bytes(b"not music")
    (tmp_path / "read.me").write_text("not counted")
    return tmp_path


def test_files_are_counted_compared_and_refused_with_the_reason(meloformer, collection: Path) -> None:
    outcome = meloformer("bench", "data", collection)
    assert (outcome.code, outcome.err) == (0, "")
    record = json.loads(outcome.out)
    assert (record["files"], record["equal"], record["different"]) == (3, 2, 0)
    assert record["refused"] == {"this is no MIDI file (it does not begin with MThd)": 1}
    assert record["notes"] == 2 * len(phrase().notes)
    assert 1 < record["tokens_per_note"] < 10
    assert record["notes_per_second"] > 0
    assert record["normalisations"] == list(NORMALISATIONS)
    assert record["ingest_notes_per_second"] > 0
    assert record["token_notes_per_second"] > 0
    assert record["loader_tokens_per_second"] == pytest.approx(
        512 * record["loader_rows_per_second"], rel=0.1
    )
    assert record["open_seconds"] > 0


def test_a_limit_takes_the_first_files_by_name(meloformer, collection: Path) -> None:
    outcome = meloformer("bench", "data", collection, "--limit", 2)
    assert json.loads(outcome.out)["files"] == 2


def test_a_file_that_comes_back_different_is_named_and_fails(
    meloformer, collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_data, "decode", lambda tokens: Score((), (), ()))
    outcome = meloformer("bench", "data", collection)
    assert outcome.code == 1
    assert "2 files came back different" in outcome.err
    first = json.loads(outcome.out.splitlines()[0])
    assert first["different"] == str(collection / "a.mid")


def test_a_folder_without_midi_files_is_refused(meloformer, tmp_path: Path) -> None:
    outcome = meloformer("bench", "data", tmp_path)
    assert outcome.code == 1
    assert "no MIDI files" in outcome.err
