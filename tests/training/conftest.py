"""Music and sizes that the tests of training share: small, real, and the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from meloformer.model import shape
from meloformer.model.shape import Shape
from meloformer.training.ingest import prepare
from meloformer.training.recipe import Recipe
from meloformer.training.store import open_store
from tunes import write_tunes


@pytest.fixture(scope="session")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of MIDI files: two collections, and one file that is no music."""
    folder = tmp_path_factory.mktemp("songs")
    write_tunes(folder / "first", 6)
    write_tunes(folder / "second" / "deeper", 4, first=6)
    (folder / "noise.mid").write_bytes(b"MThd, or so it says")
    return folder


@pytest.fixture(scope="session")
def store_path(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stores") / "data"
    prepare(songs, out)
    return out


@pytest.fixture(scope="session")
def store(store_path: Path) -> Dataset:
    return open_store(store_path)


@pytest.fixture(autouse=True)
def tiny_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """One size more, which learns in no time."""
    monkeypatch.setitem(shape.SIZES, "tiny", Shape(width=64, layers=1, kv_heads=1))


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Sums come in the same order each time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        size="tiny", batch=2, tokens=128, bars=12, steps=6, warmup=2, evaluate_every=3, save_every=2
    )
