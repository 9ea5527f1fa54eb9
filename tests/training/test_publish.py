"""A checkpoint becomes a preset that anyone can load, and a failure leaves the old one whole."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import torch
from datasets import Dataset

from kit import full_after
from meloformer.model import weights
from meloformer.presets.reader import read
from meloformer.training import checkpoint
from meloformer.training.errors import PublishError, RunError
from meloformer.training.publish import facts_of, publish
from meloformer.training.recipe import Recipe
from meloformer.training.run import train


@pytest.fixture
def run(store: Dataset, tmp_path: Path, recipe: Recipe) -> Path:
    train(store, tmp_path / "run", recipe)
    return tmp_path / "run"


def test_a_run_becomes_a_preset_that_plays_its_running_average(run: Path, tmp_path: Path) -> None:
    publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {})
    network = weights.load(read(tmp_path / "mine.yaml").weights)
    average = checkpoint.read(run / checkpoint.NAME)["average"]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, average[name].half().float())


def test_the_facts_of_the_run_travel_with_the_weights(run: Path, store: Dataset, tmp_path: Path) -> None:
    publish(run / checkpoint.NAME, tmp_path / "mine.yaml", facts_of(run, store, "CC0"))
    facts = weights.facts_of(tmp_path / "mine.safetensors")
    assert (facts["steps"], facts["terms"]) == ("6", "CC0")
    assert json.loads(facts["recipe"])["size"] == "tiny"
    assert float(facts["held_out_bits_per_note"]) > 0
    assert facts["data"] == "9 pieces of first, second"


def cooler(preset: Path) -> str:
    """The text of a preset that is now at temperature 0.7."""
    said, count = re.subn(r"(?<=temperature: )[0-9.]+", "0.7", preset.read_text())
    assert count == 1
    preset.write_text(said)
    return said


def test_a_preset_that_is_there_keeps_its_settings_and_is_touched(run: Path, tmp_path: Path) -> None:
    preset = tmp_path / "mine.yaml"
    publish(run / checkpoint.NAME, preset, {})
    said = cooler(preset)
    before = preset.stat().st_mtime_ns
    publish(run / checkpoint.NAME, preset, {})
    assert preset.read_text() == said
    assert preset.stat().st_mtime_ns > before


def test_a_new_preset_has_the_settings_of_the_one_it_is_like(run: Path, tmp_path: Path) -> None:
    like = tmp_path / "like.yaml"
    publish(run / checkpoint.NAME, like, {})
    cooler(like)
    publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {}, like)
    mine = read(tmp_path / "mine.yaml")
    assert (mine.name, mine.sampling.temperature) == ("mine", 0.7)


def test_a_preset_that_plays_other_weights_is_left_alone(run: Path, tmp_path: Path) -> None:
    preset = tmp_path / "mine.yaml"
    preset.write_text("format: 1\nname: mine\nweights: other.safetensors\n")
    with pytest.raises(PublishError, match=r"other\.safetensors"):
        publish(run / checkpoint.NAME, preset, {})
    assert not (tmp_path / "mine.safetensors").exists()


def test_weights_that_16_bits_cannot_hold_are_not_published(run: Path, tmp_path: Path) -> None:
    saved = checkpoint.read(run / checkpoint.NAME)
    saved["average"]["token.weight"][0, 0] = 1e9
    torch.save(saved, run / checkpoint.NAME)
    with pytest.raises(PublishError, match="16 bits"):
        publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {})
    assert not list(tmp_path.glob("mine*"))


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot limit the size of its files")
@pytest.mark.parametrize("room", [10_000, 0], ids=["for half", "for nothing"])
def test_a_full_disk_leaves_the_old_weights_whole_and_the_checkpoint_too(
    run: Path, tmp_path: Path, room: int
) -> None:
    publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {"steps": "before"})
    before = {path: path.read_bytes() for path in [*tmp_path.glob("mine*"), run / checkpoint.NAME]}
    with full_after(room), pytest.raises(PublishError, match="make room, then --resume"):
        publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {})
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(tmp_path.glob("mine*"))) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot limit the size of its files")
def test_where_a_new_preset_has_no_room_none_is_there(run: Path, tmp_path: Path) -> None:
    with full_after(10_000), pytest.raises(PublishError, match="the checkpoint is kept"):
        publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {})
    assert not list(tmp_path.glob("mine*"))
    publish(run / checkpoint.NAME, tmp_path / "mine.yaml", {})
    assert read(tmp_path / "mine.yaml").name == "mine"


def test_without_a_checkpoint_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no checkpoint"):
        publish(tmp_path / checkpoint.NAME, tmp_path / "mine.yaml", {})
