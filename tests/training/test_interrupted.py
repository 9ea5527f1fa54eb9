"""A real process that is killed, or finds the disk full, leaves a whole checkpoint to go on from."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from kit import full_after, wait_until
from meloformer.training import checkpoint, run
from meloformer.training.errors import RunError
from meloformer.training.journal import entries
from meloformer.training.plan import BySteps
from meloformer.training.recipe import Recipe
from meloformer.training.run import train

ENDLESS = """
import sys
from pathlib import Path
import torch
from meloformer.model import shape
from meloformer.training.plan import BySteps
from meloformer.training.recipe import Recipe
from meloformer.training.run import train
from meloformer.training.store import open_store

torch.set_num_threads(1)
shape.SIZES["tiny"] = shape.Shape(width=64, layers=1, kv_heads=1)
train(open_store(Path(sys.argv[1])), Path(sys.argv[2]), Recipe(**eval(sys.argv[3])), BySteps(300, 0))
"""


def test_kill_9_loses_no_more_than_the_time_since_the_last_checkpoint(
    store: Dataset, store_path: Path, tmp_path: Path, recipe: Recipe
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-c", ENDLESS, str(store_path), str(killed), repr(asdict(recipe))]
    process = subprocess.Popen(command)
    try:
        wait_until((killed / checkpoint.NAME).exists, "a checkpoint", 120)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    step = checkpoint.step_of(killed)
    assert step % recipe.save_every == 0
    one = checkpoint.read(train(store, killed, recipe, BySteps(step + 2, 0)))
    other = checkpoint.read(train(store, whole, recipe, BySteps(step + 2, 0)))
    assert all(torch.equal(tensor, other["network"][name]) for name, tensor in one["network"].items())


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot limit the size of its files")
def test_a_full_disk_is_one_line_and_leaves_the_last_checkpoint_whole(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    train(store, tmp_path, recipe, BySteps(2, 0))
    before = (tmp_path / checkpoint.NAME).read_bytes()
    with full_after(len(before) // 2), pytest.raises(RunError, match="make room, then --resume"):
        train(store, tmp_path, recipe, BySteps(4, 0))
    assert (tmp_path / checkpoint.NAME).read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_where_memory_ends_it_says_which_setting_to_lower(
    store: Dataset, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(run, "loss_of", full)
    with pytest.raises(RunError, match="lower --seq-len than 128, or a smaller --size"):
        train(store, tmp_path, recipe)


def test_the_time_spent_is_told_to_the_last_step(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    """So a run by minutes gets no more of them for being stopped."""
    train(store, tmp_path, replace(recipe, save_every=50), BySteps(3, 0))
    assert [entry["step"] for entry in entries(tmp_path, "train")] == [3]
