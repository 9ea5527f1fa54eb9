"""A data set as Arrow and as .pt shards: the same music, and nothing that is damaged is taken for whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from meloformer.training import shards
from meloformer.training.convert import convert
from meloformer.training.errors import StoreError
from meloformer.training.ingest import prepare
from meloformer.training.loader import Rows, Windows, batches
from meloformer.training.meta import META, checksum, meta_of
from meloformer.training.rows import piece_of
from meloformer.training.split import split
from meloformer.training.store import is_store, open_store
from meloformer.training.windows import Chances

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def pt(store_path: Path, tmp_path: Path) -> Path:
    convert(store_path, tmp_path / "pt")
    return tmp_path / "pt"


def test_there_and_back_again_is_the_same_to_the_byte(store_path: Path, pt: Path, tmp_path: Path) -> None:
    assert [path.suffix for path in sorted(pt.iterdir())] == [".json", ".pt"]
    convert(pt, tmp_path / "arrow")
    assert files_of(tmp_path / "arrow") == files_of(store_path)
    convert(tmp_path / "arrow", tmp_path / "again", "pt")
    assert files_of(tmp_path / "again") == files_of(pt)


def test_shards_open_as_the_same_rows(store: Dataset, pt: Path) -> None:
    opened = open_store(pt)
    assert opened.features == store.features
    assert opened.to_dict() == store.to_dict()
    assert split(opened) == split(store)


def test_several_shards_are_one_store(
    store: Dataset, store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meloformer.training.convert.ROWS_AT_ONCE", 3)
    monkeypatch.setattr(shards, "SHARD_BYTES", 1)
    convert(store_path, tmp_path / "pt")
    assert len(list((tmp_path / "pt").glob("*.pt"))) == 4
    assert open_store(tmp_path / "pt").to_dict() == store.to_dict()


@pytest.mark.parametrize("workers", [0, 2])
def test_arrow_and_pt_give_identical_batches_with_any_number_of_workers(
    store: Dataset, pt: Path, workers: int
) -> None:
    rows = Rows(128, 12)
    one = batches(Windows(store, rows, Chances(), 5, first=7), batch=3, workers=0)
    other = batches(Windows(open_store(pt), rows, Chances(), 5, first=7), batch=3, workers=workers)
    for (columns, targets), (same_columns, same_targets) in islice(zip(one, other, strict=False), 5):
        assert torch.equal(columns, same_columns)
        assert torch.equal(targets, same_targets)


def test_terms_and_counts_come_along(songs: Path, tmp_path: Path) -> None:
    prepare(songs, tmp_path / "data", terms="my own")
    convert(tmp_path / "data", tmp_path / "pt")
    before, after = meta_of(tmp_path / "data"), meta_of(tmp_path / "pt")
    assert after.terms == open_store(tmp_path / "pt").info.license == "my own"
    assert (before.pieces, before.notes, before.sources) == (after.pieces, after.notes, after.sources)


def test_a_store_of_format_1_is_upgraded(tmp_path: Path) -> None:
    convert(GOLDEN / "store_format_1", tmp_path / "new", "arrow")
    old, new = open_store(GOLDEN / "store_format_1"), open_store(tmp_path / "new")
    assert list(map(piece_of, new)) == list(map(piece_of, old))
    assert meta_of(tmp_path / "new").format == 2


def cut(shard: Path) -> None:
    shard.write_bytes(shard.read_bytes()[:-100])


def flip(shard: Path) -> None:
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)


@pytest.mark.parametrize("harm", [cut, flip, Path.unlink])
@pytest.mark.parametrize("kind", ["arrow", "pt"])
def test_a_corrupted_shard_is_one_clear_line(
    store_path: Path, tmp_path: Path, harm: Callable[[Path], None], kind: str
) -> None:
    data = tmp_path / "data"
    convert(store_path, data, "arrow" if kind == "arrow" else "pt")
    (shard,) = data.glob(f"*.{kind}")
    harm(shard)
    with pytest.raises(StoreError, match=rf"{shard.name} is damaged or not all there; prepare it again"):
        open_store(data)


def test_a_shard_that_would_run_code_is_refused(pt: Path) -> None:
    (shard,) = pt.glob("*.pt")
    torch.save({"collection": Run()}, shard)
    said = json.loads((pt / META).read_text())
    (pt / META).write_text(json.dumps({**said, "files": {shard.name: checksum(pt, shard.name)}}))
    with pytest.raises(StoreError, match="is no shard of a data set"):
        open_store(pt)


class Run:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.mkdir, (Path("run"),)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("vocabulary", "abc", "another vocabulary"), ("format", 3, "update MeloFormer")],
)
def test_a_store_of_another_time_is_refused(pt: Path, field: str, value: object, reason: str) -> None:
    text = json.loads((pt / META).read_text())
    (pt / META).write_text(json.dumps({**text, field: value}))
    with pytest.raises(StoreError, match=reason):
        open_store(pt)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": 1}', "not json"])
def test_a_store_that_tells_nonsense_of_itself_is_refused(pt: Path, text: str) -> None:
    (pt / META).write_text(text)
    assert is_store(pt)
    with pytest.raises(StoreError, match=META):
        open_store(pt)


def test_nothing_is_converted_onto_what_is_there(store_path: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(StoreError, match="there already"):
        convert(store_path, tmp_path / "there")
