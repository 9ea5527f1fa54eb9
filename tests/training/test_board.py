"""TensorBoard draws what the journal says, where it is installed; where it is not, training is the same."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from meloformer.training import board, checkpoint
from meloformer.training.errors import RunError
from meloformer.training.journal import entries
from meloformer.training.plan import BySteps
from meloformer.training.recipe import Recipe
from meloformer.training.run import train


class Writer:
    """Like SummaryWriter, as far as we use it, and in memory."""

    made: list[Writer]

    def __init__(self, log_dir: str, purge_step: int) -> None:
        self.log_dir, self.purge_step = log_dir, purge_step
        self.drawn: dict[str, dict[int, float]] = {}
        self.flushed = self.closed = False
        Writer.made.append(self)

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        self.drawn.setdefault(tag, {})[global_step] = scalar_value
        self.flushed = False

    def flush(self) -> None:
        self.flushed = True

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Writer]:
    Writer.made = []
    monkeypatch.setattr(board, "writer_class", lambda: Writer)
    return Writer.made


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of it fails, wherever these tests run."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)


def test_the_curves_are_the_numbers_of_the_journal(
    store: Dataset, tmp_path: Path, recipe: Recipe, installed: list[Writer]
) -> None:
    train(store, tmp_path, recipe)
    (writer,) = installed
    trained, held_out = entries(tmp_path, "train"), entries(tmp_path, "held_out")
    assert (writer.log_dir, writer.flushed) == (str(tmp_path), True)
    for field, curve in (("tokens_per_s", "tokens_per_s"), ("rate", "learning_rate"), ("waiting_share",) * 2):
        assert writer.drawn[f"train/{curve}"] == {entry["step"]: entry[field] for entry in trained}
    assert writer.drawn["train/bits_per_token"] == pytest.approx(
        {entry["step"]: entry["loss_nats"] / math.log(2) for entry in trained}
    )
    assert writer.drawn["held_out/bits_per_note"] == {
        entry["step"]: entry["bits_per_note"] for entry in held_out
    }
    assert all(0 <= entry["waiting_share"] < 1 for entry in trained)


def test_a_run_that_goes_on_draws_over_what_was_lost(
    store: Dataset, tmp_path: Path, recipe: Recipe, installed: list[Writer]
) -> None:
    train(store, tmp_path, recipe, BySteps(4, 0))
    train(store, tmp_path, replace(recipe, steps=6))
    first, second = installed
    assert first.closed
    assert (first.purge_step, second.purge_step) == (1, 5)
    assert list(second.drawn["train/bits_per_token"]) == [6]


def test_where_it_is_not_installed_training_is_the_same(
    store: Dataset, tmp_path: Path, recipe: Recipe, absent: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = checkpoint.read(train(store, tmp_path / "without", recipe))
    Writer.made = []
    monkeypatch.setattr(board, "writer_class", lambda: Writer)
    drawn = checkpoint.read(train(store, tmp_path / "drawn", recipe))
    assert Writer.made
    assert all(torch.equal(tensor, drawn["network"][name]) for name, tensor in without["network"].items())
    assert {path.name for path in (tmp_path / "without").iterdir()} == {checkpoint.NAME, "log.jsonl"}


def test_a_full_disk_is_told_as_one_line(
    store: Dataset, tmp_path: Path, recipe: Recipe, installed: list[Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "flush", full)
    with pytest.raises(RunError, match="make room, then --resume"):
        train(store, tmp_path, recipe)
