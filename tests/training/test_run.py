"""The loop and its checkpoints: an interrupted run goes on as if it had not been interrupted."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from datasets import Dataset

from meloformer.model import shape
from meloformer.model.network import Network
from meloformer.model.shape import Shape
from meloformer.training import checkpoint, run
from meloformer.training.errors import RunError
from meloformer.training.journal import entries, last_bits_per_note, recipe_of
from meloformer.training.plan import BySteps, ByTime
from meloformer.training.recipe import Recipe
from meloformer.training.run import Progress, cool_down, train


def weights(folder: Path, which: str = "network") -> dict[str, torch.Tensor]:
    return dict(checkpoint.read(folder / checkpoint.NAME)[which])


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_a_model_learns(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    told: list[Progress] = []
    train(store, tmp_path, replace(recipe, steps=40), tell=told.append)
    assert told[-1].bits.per_token < told[0].bits.per_token - 1
    assert [progress.step for progress in told] == list(range(1, 41))


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(store, whole, recipe)
    train(store, parts, recipe, BySteps(stop=4, cooldown=0))
    train(store, parts, recipe)
    assert same(weights(whole), weights(parts))
    assert same(weights(whole, "average"), weights(parts, "average"))
    assert (
        checkpoint.read(whole / checkpoint.NAME)["seen"] == checkpoint.read(parts / checkpoint.NAME)["seen"]
    )


def test_a_kill_between_checkpoints_costs_only_the_steps_since_the_last(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    def kill(progress: Progress) -> None:
        if progress.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(store, tmp_path / "killed", recipe, tell=kill)
    assert checkpoint.step_of(tmp_path / "killed") == 4
    train(store, tmp_path / "killed", recipe)
    train(store, tmp_path / "whole", recipe)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "killed"))


def test_the_log_tells_recipe_losses_and_what_held_out_music_cost(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    train(store, tmp_path, recipe)
    assert recipe_of(tmp_path) == recipe
    assert [entry["step"] for entry in entries(tmp_path, "train")] == [2, 4, 6]
    assert [entry["step"] for entry in entries(tmp_path, "held_out")] == [3, 6]
    assert last_bits_per_note(tmp_path) == entries(tmp_path, "held_out")[-1]["bits_per_note"]


def test_half_a_line_that_a_kill_left_in_the_log_does_no_harm(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    train(store, tmp_path, recipe)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"event": "held_out", "step"')
    assert recipe_of(tmp_path) == recipe
    train(store, tmp_path, replace(recipe, steps=7))
    assert recipe_of(tmp_path).steps == 7


def test_a_run_by_time_ends_by_itself(
    store: Dataset, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=count().__next__))
    told: list[Progress] = []
    train(store, tmp_path, recipe, ByTime(seconds=20, cooldown=10), tell=told.append)
    assert 1 >= told[0].left > told[-1].left > 0


def test_a_run_begins_with_the_weights_it_is_given(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    start = Network(Shape(width=64, layers=1, kv_heads=1))
    train(store, tmp_path, recipe, BySteps(stop=0, cooldown=0), start)
    assert same(weights(tmp_path), start.state_dict())


def test_a_cooldown_alone_leaves_the_run_as_it_is(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    train(store, tmp_path / "run", recipe)
    before = (tmp_path / "run" / checkpoint.NAME).read_bytes()
    told: list[Progress] = []
    cool_down(tmp_path / "run", tmp_path / "end", store, BySteps.cooling(6, 3), told.append)
    assert (tmp_path / "run" / checkpoint.NAME).read_bytes() == before
    assert checkpoint.step_of(tmp_path / "end") == 9
    assert [round(progress.left, 2) for progress in told] == [1, 0.67, 0.33]


def test_a_cooldown_never_goes_into_a_folder_with_a_run(
    store: Dataset, tmp_path: Path, recipe: Recipe
) -> None:
    train(store, tmp_path, recipe)
    with pytest.raises(RunError, match="holds a run already"):
        cool_down(tmp_path, tmp_path, store, BySteps.cooling(6, 3))


def test_a_loss_that_is_no_number_ends_the_run_before_it_is_saved(
    store: Dataset, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(store, tmp_path, recipe, BySteps(stop=2, cooldown=0))
    monkeypatch.setattr(run, "loss_of", lambda *_: torch.tensor(torch.nan))
    with pytest.raises(RunError, match="lower rates"):
        train(store, tmp_path, recipe)
    assert checkpoint.step_of(tmp_path) == 2


def test_a_checkpoint_of_another_size_is_refused(
    store: Dataset, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(store, tmp_path, recipe, BySteps(stop=1, cooldown=0))
    monkeypatch.setitem(shape.SIZES, "tiny", Shape(width=128, layers=1, kv_heads=1))
    with pytest.raises(RunError, match="width=64"):
        train(store, tmp_path, recipe)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{}"], ids=["empty", "cut", "something else"])
def test_what_is_no_whole_checkpoint_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(content)
    with pytest.raises(RunError, match="no whole checkpoint"):
        checkpoint.step_of(tmp_path)


def test_a_checkpoint_of_the_first_runs_still_opens(store: Dataset, tmp_path: Path, recipe: Recipe) -> None:
    """What a checkpoint holds is fixed: a run may outlive the code that began it."""
    train(store, tmp_path, recipe)
    saved = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert set(saved) == {"network", "average", "optimizers", "step", "seen"}
    assert len(saved["optimizers"]) == 2
    started = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert started["event"] == "start"
